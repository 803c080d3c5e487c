import { runLooks } from '../status.ts'
import { type Bar, partsOf, stacked, sumOf, topOf } from './days.ts'

const [width, height, left, bottom] = [640, 148, 34, 20]
const plotHeight = height - bottom - 6

interface PlotProps {
  bars: Bar[]
  label: string
  nameOf: (at: number) => string
}

/** Stacked bars, and the same numbers as a table for who does not see them. */
export function OutcomePlot({ bars, label, nameOf }: PlotProps) {
  const top = topOf(Math.max(0, ...bars.map(sumOf)))
  const step = (width - left) / Math.max(bars.length, 1)
  return (
    <figure class="plot">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        {[0, 0.5, 1].map((part) => (
          <Line key={part} y={yOf(part)} text={(top * part).toLocaleString('en')} />
        ))}
        {bars.map((bar, index) => (
          <g key={bar.at}>
            {partsOf(bar, top).map(({ outcome, count, from, to }) => (
              <rect
                key={outcome}
                class={`fill-${runLooks[outcome].tone}`}
                x={left + index * step + step * 0.16}
                width={step * 0.68}
                y={yOf(to)}
                height={Math.max(yOf(from) - yOf(to) - 0.8, 1)}
                rx={1.5}
              >
                <title>{`${nameOf(bar.at)}: ${count.toLocaleString('en')} ${runLooks[outcome].label}`}</title>
              </rect>
            ))}
            <Drifted
              bar={bar}
              x={left + (index + 0.5) * step}
              y={yOf((bar.drifted ?? 0) / top)}
              name={nameOf(bar.at)}
            />
            {index % Math.ceil(bars.length / 8) === 0 && (
              <text x={left + (index + 0.5) * step} y={height - 4} text-anchor="middle">
                {nameOf(bar.at)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <Legend />
      <Numbers bars={bars} label={label} nameOf={nameOf} />
    </figure>
  )
}

/** A mark as high as there were runs with drift, whatever their outcome. */
function Drifted({ bar: { drifted = 0 }, x, y, name }: { bar: Bar; x: number; y: number; name: string }) {
  if (drifted === 0) return null
  return (
    <circle class="drifted" cx={x} cy={y} r={3.5}>
      <title>{`${name}: ${drifted.toLocaleString('en')} with drift`}</title>
    </circle>
  )
}

function yOf(part: number) {
  return 6 + plotHeight * (1 - part)
}

function Line({ y, text }: { y: number; text: string }) {
  return (
    <>
      <line class="grid" x1={left} x2={width} y1={y} y2={y} />
      <text x={left - 7} y={y + 4} text-anchor="end">
        {text}
      </text>
    </>
  )
}

function Legend() {
  return (
    <figcaption class="legend">
      {stacked
        .filter((outcome) => outcome !== 'interrupted')
        .map((outcome) => (
          <span key={outcome}>
            <i class={`fill-${runLooks[outcome].tone}`} />
            {runLooks[outcome].label}
          </span>
        ))}
      <span>
        <i class="drifted" />
        with drift
      </span>
    </figcaption>
  )
}

function Numbers({ bars, label, nameOf }: PlotProps) {
  return (
    <div class="unseen">
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            {stacked.map((outcome) => (
              <th key={outcome} scope="col">
                {runLooks[outcome].label}
              </th>
            ))}
            <th scope="col">with drift</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.at}>
              <th scope="row">{nameOf(bar.at)}</th>
              {stacked.map((outcome) => (
                <td key={outcome}>{bar.counts[outcome] ?? 0}</td>
              ))}
              <td>{bar.drifted ?? 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
