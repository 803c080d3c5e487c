import { useEffect, useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { RunMode, RunOutcome, Trigger } from '../../protocol/events.ts'
import type { Activity } from '../../protocol/history.ts'
import { listen } from '../data/feed.ts'
import { useCall } from '../data/use-call.ts'
import { Choice, TextFilter, TimeFilter } from '../parts/choice.tsx'
import { Icon } from '../parts/icon.tsx'
import { Card, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { RunTable } from '../parts/run-parts.tsx'
import { Older } from '../parts/table.tsx'
import type { Bar } from '../plots/days.ts'
import { HeatMap } from '../plots/heat-map.tsx'
import { goQuery, usePlace } from '../router.ts'
import { many } from '../text.ts'

const pageSize = 50

/** Every run there was: found by node, role, resource, words and time. */
export function History() {
  const { query } = usePlace()
  const runs = useCall(api.listRuns, { ...filtersOf(query), limit: pageSize })
  const { node, cluster, mode, outcome } = filtersOf(query)
  const activity = useCall(
    api.readActivity,
    { ...(node ? { node } : {}), ...(cluster ? { cluster } : {}), ...(mode ? { mode } : {}) },
    { live: ({ type }) => type === 'run', settleMs: 10_000 },
  )
  return (
    <>
      <PageHead title="History" lead="Every run there was." />
      <div class="stack">
        <Card title="Runs per hour" aside={<span class="muted">a number tells how many failed</span>}>
          <HeatMap bars={hoursOf(activity.value ?? [], outcome)} days={7} query={query} />
        </Card>
        <div>
          <Filters query={query} />
          <Trouble failure={runs.failure} />
          <section class="card">
            {!query['after'] && <Newer node={node} read={runs.value} show={runs.reload} />}
            {runs.value ? <RunTable runs={runs.value.items} /> : !runs.failure && <Loading />}
            <Older after={query['after']} next={runs.value?.next} />
          </section>
        </div>
      </div>
    </>
  )
}

interface NewerProps {
  node: string | undefined
  /** The answer that is shown. */
  read: object | undefined
  show: () => void
}

/** Rows that somebody reads do not move away under them: what is newer is shown when it is asked for. */
function Newer({ node, read, show }: NewerProps) {
  const [count, setCount] = useState(0)
  useEffect(() => {
    setCount(0)
    return listen((event) => {
      if (event.type === 'run' && (!node || event.run.node === node)) setCount((before) => before + 1)
    })
  }, [node, read])
  if (count === 0) return null
  return (
    <p class="newer" role="status">
      {many(count, 'run has', 'runs have')} ended since.{' '}
      <button type="button" class="button small" onClick={show}>
        Search again
      </button>
    </p>
  )
}

type Query = Record<string, string>

const fields = [
  'node',
  'role',
  'cluster',
  'outcome',
  'trigger',
  'mode',
  'drift',
  'resource',
  'text',
  'from',
  'to',
  'order',
  'after',
]

/** What the URL asks for, as far as the call knows it. */
function filtersOf(query: Query) {
  const filled = Object.entries(query).filter(([name, value]) => fields.includes(name) && value)
  return api.listRuns.input.partial().safeParse(Object.fromEntries(filled)).data ?? {}
}

function Filters({ query }: { query: Query }) {
  const { order } = query
  return (
    <div class="filters" role="search">
      <TextFilter name="text" label="Words" query={query} />
      <TextFilter name="node" label="Node" query={query} />
      <TextFilter name="resource" label="Resource" query={query} />
      <TextFilter name="role" label="Role" query={query} />
      <Choice name="outcome" label="Any outcome" options={RunOutcome.options} query={query} />
      <Choice name="trigger" label="Any reason" options={Trigger.options} query={query} />
      <Choice name="mode" label="Runs and plans" options={RunMode.options} query={query} />
      <label class="tick">
        <input
          type="checkbox"
          checked={query['drift'] === 'true'}
          onChange={({ currentTarget: { checked } }) =>
            goQuery({ drift: checked ? 'true' : undefined, after: undefined })
          }
        />{' '}
        with drift
      </label>
      <TimeFilter name="from" label="From" query={query} />
      <TimeFilter name="to" label="To" query={query} />
      {order && <Taken text={`Order ${order}`} field="order" />}
    </div>
  )
}

/** A filter that a link brought; it can only be taken off. */
function Taken({ text, field }: { text: string; field: string }) {
  return (
    <button type="button" class="button" onClick={() => goQuery({ [field]: undefined, after: undefined })}>
      {text} <Icon name="close" />
      <span class="unseen">Take this filter off</span>
    </button>
  )
}

/** Of all outcomes, or of the one that is searched for. */
function hoursOf(activity: Activity[], only: RunOutcome | undefined): Bar[] {
  const byHour = new Map<number, Bar>()
  for (const { hour, outcome, runs } of activity) {
    if (only && outcome !== only) continue
    const bar = byHour.get(hour) ?? { at: hour, counts: {} }
    bar.counts[outcome] = (bar.counts[outcome] ?? 0) + runs
    byHour.set(hour, bar)
  }
  return [...byHour.values()]
}
