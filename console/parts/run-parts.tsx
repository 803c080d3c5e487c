import type { Counts, Trigger } from '../../protocol/events.ts'
import type { StoredRun } from '../../protocol/views.ts'
import { to } from '../route.ts'
import { runLooks } from '../status.ts'
import { tookOf } from '../text.ts'
import { Ago, Empty, Status } from './parts.tsx'
import { Table } from './table.tsx'

/** Why a run began, as a sentence that begins with "Ran". */
export const triggerTexts: Record<Trigger, string> = {
  start: 'as the agent started',
  schedule: 'on its schedule',
  catalog: 'as its catalog changed',
  order: 'by an order',
  manual: 'by hand on the node',
  drift: 'as something on the node was changed',
  boot: 'after a reboot that a run before asked for',
  lease: 'as a lease was granted that a run before waited for',
  gate: 'as a gate opened that a run before waited at',
}

export function countsText(counts: Counts) {
  const parts = [
    [counts.changed, 'changed'],
    [counts.wouldChange, 'would change'],
    [counts.failed, 'failed'],
    [counts.deferred, 'deferred'],
    [counts.skipped, 'skipped'],
    [counts.unknown, 'unknown'],
    [counts.unchanged, 'unchanged'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ')
}

export function RunTable({
  runs,
  showNode = true,
  label = 'Runs',
}: {
  runs: StoredRun[]
  showNode?: boolean
  label?: string
}) {
  if (runs.length === 0) return <Empty title="No runs" />
  return (
    <Table
      label={label}
      head={
        <>
          {showNode && <th scope="col">Node</th>}
          <th scope="col">Outcome</th>
          <th scope="col" class="lesser">
            What became of its resources
          </th>
          <th scope="col" class="lesser">
            Why
          </th>
          <th scope="col" class="lesser right">
            Took
          </th>
          <th scope="col" class="right">
            Finished
          </th>
        </>
      }
    >
      {runs.map((run) => (
        <RunRow key={run.id} run={run} showNode={showNode} />
      ))}
    </Table>
  )
}

function RunRow({ run, showNode }: { run: StoredRun; showNode: boolean }) {
  const { id, node, mode, outcome, counts, error, trigger, startedAt, finishedAt } = run
  return (
    <tr>
      {showNode && (
        <td>
          <a class="name" href={to('nodes', node)}>
            {node}
          </a>
        </td>
      )}
      <td>
        <span class="chips">
          <Status look={runLooks[outcome]} />
          {mode === 'plan' && <span class="chip">plan</span>}
        </span>
      </td>
      <td class="lesser wide">
        <span class="clip">{error ?? countsText(counts)}</span>
      </td>
      <td class="lesser">{trigger}</td>
      <td class="lesser right number">{tookOf(finishedAt - startedAt)}</td>
      <td class="right">
        <a data-row href={to('runs', id)}>
          <Ago at={finishedAt} />
        </a>
      </td>
    </tr>
  )
}
