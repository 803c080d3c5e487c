import { api } from '../../protocol/api.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { StoredRun } from '../../protocol/views.ts'
import { useProgress } from '../data/under-way.ts'
import { useCall, useList } from '../data/use-call.ts'
import { Events } from '../parts/events.tsx'
import { Ago, Card, Empty, Loading, PageHead, Status, Tell, Trouble } from '../parts/parts.tsx'
import { countsText, triggerTexts } from '../parts/run-parts.tsx'
import { hrefOf, to } from '../route.ts'
import { usePlace } from '../router.ts'
import { runLooks } from '../status.ts'
import { many, shortId, timeOf, tookOf } from '../text.ts'
import { CompareRuns } from './compare-runs.tsx'
import { LiveRun } from './live-run.tsx'

export function Run({ params: { run: id = '' } }: { params: Record<string, string> }) {
  const { query } = usePlace()
  const progress = useProgress().get(id)
  const { value, failure } = useCall(
    api.readRun,
    { id },
    { live: (event) => event.type === 'run' && event.run.id === id, when: !progress || progress.isOver },
  )
  if (!value && progress) return <LiveRun progress={progress} />
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  const { run, events } = value
  return (
    <>
      <RunHead run={run} />
      {query['with'] ? (
        <CompareRuns id={run.id} other={query['with']} />
      ) : (
        <div class="columns wide-first">
          <div class="stack">
            {run.error && (
              <Tell tone="bad" icon="failed">
                {run.error}
              </Tell>
            )}
            <What run={run} events={events} />
          </div>
          <div class="stack">
            <Why run={run} />
            <Open run={run} />
            <Others run={run} />
          </div>
        </div>
      )}
    </>
  )
}

function RunHead({ run }: { run: StoredRun }) {
  const { id, node, mode, outcome, counts, finishedAt } = run
  return (
    <PageHead
      under={[
        { name: 'Nodes', href: '/nodes' },
        { name: node, href: to('nodes', node) },
      ]}
      title={
        <>
          {mode === 'plan' ? 'Plan' : 'Run'} on {node} <Status look={runLooks[outcome]} />
        </>
      }
      lead={
        <>
          <span class="mono">{shortId(id)}</span> · <Ago at={finishedAt} /> · {countsText(counts)}
        </>
      }
    />
  )
}

function What({ run, events }: { run: StoredRun; events: ResourceEvent[] }) {
  const { unchanged } = run.counts
  return (
    <Card title="What became of its resources" flush>
      {events.length === 0 && unchanged === 0 && <Empty title="Nothing was looked at" />}
      {events.length === 0 && unchanged > 0 && (
        <Empty title="Nothing differed">All resources are as the catalog says.</Empty>
      )}
      <Events events={events} open={events.length <= 40} />
      {unchanged > 0 && <Unchanged run={run} events={events} />}
    </Card>
  )
}

/** Unchanged resources are only counted; their names are in the catalog, as long as it is that one. */
function Unchanged({ run, events }: { run: StoredRun; events: ResourceEvent[] }) {
  const { value } = useCall(api.readCatalog, { node: run.node })
  const told = new Set<string>(events.map(({ id }) => id))
  const same = value?.digest === run.catalog ? value.resources : []
  const names = same.map(({ type, name }) => `${type}[${name}]`).filter((name) => !told.has(name))
  return (
    <details class="fold">
      <summary>{many(run.counts.unchanged, 'resource')} unchanged</summary>
      {names.length > 0 ? (
        <ul>
          {names.map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      ) : (
        <p>Which they are was in the catalog of that time; the node has another one now.</p>
      )}
    </details>
  )
}

function Why({ run }: { run: StoredRun }) {
  const [order] = run.orders
  const { value } = useCall(api.readOrder, { id: order ?? '' }, { when: order !== undefined })
  return (
    <Card title="Why it ran">
      <dl class="facts">
        <dt>Ran</dt>
        <dd>{triggerTexts[run.trigger]}</dd>
        {order && (
          <>
            <dt>Order</dt>
            <dd>
              <a href={to('orders', order)}>{order}</a> {value && <>by {value.author}</>}
            </dd>
          </>
        )}
        <dt>Began</dt>
        <dd>{timeOf(run.startedAt)}</dd>
        <dt>Took</dt>
        <dd>{tookOf(run.finishedAt - run.startedAt)}</dd>
        <dt>Catalog</dt>
        <dd class="mono">{run.catalog ? run.catalog.slice(0, 12) : '—'}</dd>
        {run.plan && (
          <>
            <dt>Plan</dt>
            <dd class="mono">{run.plan}</dd>
          </>
        )}
      </dl>
    </Card>
  )
}

/** What was left open when the run ended. */
function Open({ run }: { run: StoredRun }) {
  const { owed, waits = {}, orphans = [], reboot } = run
  const gates = Object.entries(waits)
  if (owed.length + gates.length + orphans.length === 0 && !reboot) return null
  return (
    <Card title="Left open">
      <dl class="facts">
        <Several name="Owed" values={owed} />
        <Several name="Waits" values={gates.map(([gate, why]) => `${gate}: ${why}`)} />
        <Several name="Orphans" values={orphans} />
        <Several name="Reboot" values={reboot ? [reboot] : []} />
      </dl>
    </Card>
  )
}

function Several({ name, values }: { name: string; values: string[] }) {
  if (values.length === 0) return null
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {values.map((value) => (
          <div key={value} class="mono">
            {value}
          </div>
        ))}
      </dd>
    </>
  )
}

function Others({ run }: { run: StoredRun }) {
  const { value } = useList(api.listRuns, { node: run.node, limit: 12 })
  const others = value?.filter(({ id }) => id !== run.id) ?? []
  if (others.length === 0) return null
  return (
    <Card title="Compare with" flush>
      <ul class="timeline">
        {others.map(({ id, outcome, mode, finishedAt }) => (
          <li key={id} class="run">
            <a class="grow" href={hrefOf(to('runs', run.id), { with: id })}>
              {mode === 'plan' ? 'plan' : 'run'} {shortId(id)}
            </a>
            <Status look={runLooks[outcome]} />
            <Ago at={finishedAt} />
          </li>
        ))}
      </ul>
    </Card>
  )
}
