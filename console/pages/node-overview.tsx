import { api } from '../../protocol/api.ts'
import type { NodeDetail, Stance, StoredRun } from '../../protocol/views.ts'
import { useRunOf } from '../data/under-way.ts'
import { useCall } from '../data/use-call.ts'
import { Events } from '../parts/events.tsx'
import { Icon } from '../parts/icon.tsx'
import { Bar } from '../parts/order-parts.tsx'
import { Roles } from '../parts/node-parts.tsx'
import { Ago, Card, Empty, Loading, Status } from '../parts/parts.tsx'
import { countsText } from '../parts/run-parts.tsx'
import { to } from '../route.ts'
import { runLooks } from '../status.ts'
import { many } from '../text.ts'

export function NodeOverview({ node }: { node: NodeDetail }) {
  return (
    <div class="columns wide-first">
      <div class="stack">
        <RunningNow node={node.name} />
        <LastRun node={node} />
        <Probes probes={node.probes} />
      </div>
      <div class="stack">
        <Treated node={node} />
        <Facts node={node} />
      </div>
    </div>
  )
}

function RunningNow({ node }: { node: string }) {
  const progress = useRunOf(node)
  if (!progress) return null
  const { run, done, total, events } = progress
  return (
    <Card
      title="Running now"
      flush
      aside={
        <>
          <Bar done={done} total={total} label="Resources done" />
          <a href={to('runs', run)}>Watch it</a>
        </>
      }
    >
      <Events events={events} open={events.length < 8} />
    </Card>
  )
}

function LastRun({ node }: { node: NodeDetail }) {
  const id = node.lastRun?.id
  const { value } = useCall(api.readRun, { id: id ?? 'none' }, { when: id !== undefined })
  if (id === undefined)
    return (
      <Card title="Last run" flush>
        <Empty title="It has not run yet" />
      </Card>
    )
  if (!value) return <Loading />
  const { run, events } = value
  return (
    <>
      <Card title="Last run" flush aside={<RunLink run={run} />}>
        {events.length > 0 ? (
          <Events events={events} open={events.length < 8} />
        ) : (
          <Empty title="Nothing differed">{many(run.counts.unchanged, 'resource')} are as the catalog says.</Empty>
        )}
      </Card>
      {(run.orphans ?? []).length > 0 && (
        <Card title="Orphans" aside={<span class="muted">what no recipe declares any more</span>}>
          <ul class="mono">
            {run.orphans?.map((orphan) => (
              <li key={orphan}>{orphan}</li>
            ))}
          </ul>
        </Card>
      )}
    </>
  )
}

function RunLink({ run }: { run: StoredRun }) {
  return (
    <>
      <span class="muted clip lesser">{countsText(run.counts)}</span>
      <Status look={runLooks[run.outcome]} />
      <a href={to('runs', run.id)}>
        <Ago at={run.finishedAt} />
      </a>
    </>
  )
}

function Probes({ probes }: { probes: NodeDetail['probes'] }) {
  const all = Object.entries(probes)
  if (all.length === 0) return null
  return (
    <Card title="Probes">
      <ul class="stack-small">
        {all.map(([id, wrong]) => (
          <li key={id}>
            <Status
              look={
                wrong === null
                  ? { label: 'well', tone: 'good', icon: 'check' }
                  : { label: 'unwell', tone: 'bad', icon: 'failed' }
              }
            />{' '}
            <span class="mono">{id}</span> <span class="muted">{wrong}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** What it should be, and what holds it back. */
function Treated({ node }: { node: NodeDetail }) {
  const { roles, disabled, audit, owed, leases, ordinals } = node
  return (
    <Card title="What it should be">
      <dl class="facts">
        <dt>Roles</dt>
        <dd>
          <Roles roles={roles} />
        </dd>
        {disabled && <StanceRow name="Disabled" stance={disabled} />}
        {audit && <StanceRow name="Audit only" stance={audit} />}
        {owed.length > 0 && (
          <>
            <dt>Owed</dt>
            <dd class="mono">{owed.join(', ')}</dd>
          </>
        )}
        {leases.map(({ group, state, reason }) => (
          <>
            <dt>Lease</dt>
            <dd>
              <Icon name="leases" /> {group} {state} <span class="muted">{reason}</span>
            </dd>
          </>
        ))}
        {Object.entries(ordinals).map(([role, ordinal]) => (
          <>
            <dt>Number</dt>
            <dd>
              {ordinal} of {role}
            </dd>
          </>
        ))}
      </dl>
    </Card>
  )
}

function StanceRow({ name, stance: { reason, by, at, until } }: { name: string; stance: Stance }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {reason}{' '}
        <span class="muted">
          by {by} <Ago at={at} />
          {until !== undefined && (
            <>
              , ends <Ago at={until} />
            </>
          )}
        </span>
      </dd>
    </>
  )
}

function Facts({ node: { facts, id, createdAt } }: { node: NodeDetail }) {
  const rows = facts
    ? {
        Hostname: facts.hostname,
        Addresses: facts.addresses.join(', '),
        System: `${facts.os.id} ${facts.os.version} (${facts.os.codename})`,
        Kernel: `${facts.kernel} ${facts.arch}`,
        Processors: String(facts.cpus),
        Memory: `${(facts.memoryMb / 1024).toFixed(1)} GiB`,
        Machine: facts.virtual === 'none' ? 'bare metal' : facts.virtual,
        Agent: facts.agentVersion,
      }
    : {}
  return (
    <Card title="Facts">
      <dl class="facts">
        {Object.entries(rows).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
        <dt>Joined</dt>
        <dd>
          <Ago at={createdAt} />
        </dd>
        <dt>Id</dt>
        <dd class="mono">{id}</dd>
      </dl>
    </Card>
  )
}
