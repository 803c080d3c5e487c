import { api } from '../../protocol/api.ts'
import { RunOutcome, Trigger } from '../../protocol/events.ts'
import type { StoredRun } from '../../protocol/views.ts'
import { useList } from '../data/use-call.ts'
import { Choice } from '../parts/choice.tsx'
import { Card, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { RunTable } from '../parts/run-parts.tsx'
import type { Bar } from '../plots/days.ts'
import { HeatMap } from '../plots/heat-map.tsx'
import { goQuery, usePlace } from '../router.ts'
import { timeOf } from '../text.ts'

const pageSize = 50

/** Every run there was: found by node, role, resource, words and time. */
export function History() {
  const { query } = usePlace()
  const runs = useList(api.listRuns, { ...filtersOf(query), limit: pageSize })
  const recent = useList(api.listRuns, { limit: 1000 }, { every: 60_000 })
  const last = runs.value?.at(-1)
  return (
    <>
      <PageHead title="History" lead="Every run there was." />
      <div class="stack">
        <Card title="Runs per hour" aside={<span class="muted">a number tells how many failed</span>}>
          <HeatMap bars={hoursOf(recent.value ?? [])} days={7} query={{}} />
        </Card>
        <div>
          <Filters query={query} />
          <Trouble failure={runs.failure} />
          <section class="card">
            {runs.value ? <RunTable runs={runs.value} /> : !runs.failure && <Loading />}
            {(query['after'] || (last && runs.value?.length === pageSize)) && (
              <nav class="pager" aria-label="Pages of the list">
                <span class="grow" />
                <button
                  type="button"
                  class="button small"
                  disabled={!query['after']}
                  onClick={() => goQuery({ after: undefined })}
                >
                  Newest
                </button>
                <button
                  type="button"
                  class="button small"
                  disabled={!last || runs.value?.length !== pageSize}
                  onClick={() => goQuery({ after: last?.id })}
                >
                  Older
                </button>
              </nav>
            )}
          </section>
        </div>
      </div>
    </>
  )
}

type Query = Record<string, string | undefined>

function filtersOf({ node, outcome, trigger, after }: Query) {
  return {
    ...(node ? { node } : {}),
    ...(outcome ? { outcome: RunOutcome.safeParse(outcome).data } : {}),
    ...(trigger ? { trigger: Trigger.safeParse(trigger).data } : {}),
    ...(after ? { after } : {}),
  }
}

function Filters({ query }: { query: Query }) {
  const { from, to } = query
  return (
    <div class="filters" role="search">
      <TextFilter name="node" label="Node" query={query} />
      <Choice name="outcome" label="Any outcome" options={RunOutcome.options} query={query} />
      <Choice name="trigger" label="Any reason" options={Trigger.options} query={query} />
      {from && (
        <button
          type="button"
          class="button"
          onClick={() => goQuery({ from: undefined, to: undefined, after: undefined })}
        >
          {timeOf(Number(from)).slice(0, 16)} – {to && timeOf(Number(to)).slice(11, 16)} ×
        </button>
      )}
    </div>
  )
}

function TextFilter({ name, label, query }: { name: string; label: string; query: Query }) {
  return (
    <input
      class="input search"
      type="search"
      placeholder={label}
      aria-label={label}
      value={query[name] ?? ''}
      onChange={({ currentTarget }) => goQuery({ [name]: currentTarget.value.trim(), after: undefined })}
    />
  )
}

const hourMs = 3_600_000

function hoursOf(runs: StoredRun[]): Bar[] {
  const byHour = new Map<number, Bar>()
  for (const { finishedAt, outcome } of runs) {
    const at = Math.floor(finishedAt / hourMs) * hourMs
    const bar = byHour.get(at) ?? { at, counts: {} }
    bar.counts[outcome] = (bar.counts[outcome] ?? 0) + 1
    byHour.set(at, bar)
  }
  return [...byHour.values()]
}
