import { hrefOf } from '../route.ts'
import { many, timeOf } from '../text.ts'
import type { Bar } from './days.ts'
import { type Cell, heatOf } from './heat.ts'

const hourMs = 3_600_000
const dayNames = new Intl.DateTimeFormat('en', { weekday: 'short', month: 'short', day: 'numeric' })

/** Runs per hour: the more, the darker; an hour with failures tells how many. Each leads to its runs. */
export function HeatMap({ bars, days, query }: { bars: Bar[]; days: number; query: Record<string, string> }) {
  return (
    <div class="heat" role="region" aria-label="Runs per hour" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Day</span>
            </th>
            {Array.from({ length: 24 }, (_, hour) => (
              <th key={hour} scope="col">
                <span class={hour % 3 === 0 ? '' : 'unseen'}>{hour}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {heatOf(bars, days, Date.now()).map(({ at, hours }) => (
            <tr key={at}>
              <th scope="row">{dayNames.format(at)}</th>
              {hours.map((cell) => (
                <td key={cell.at}>
                  <Hour cell={cell} query={query} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Hour({ cell: { at, count, failed, warmth, outcomes }, query }: { cell: Cell; query: Record<string, string> }) {
  if (count === 0) return <span />
  const text = `${timeOf(at)}: ${many(count, 'run')} (${outcomes})`
  return (
    <a
      class={failed > 0 ? 'hot' : `warm-${warmth}`}
      href={hrefOf('/history', { ...query, after: undefined, from: String(at), to: String(at + hourMs) })}
      title={text}
      aria-label={text}
    >
      {failed > 0 ? failed : ''}
    </a>
  )
}
