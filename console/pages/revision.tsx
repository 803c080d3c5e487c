import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { RevisionView, SourceChange } from '../../protocol/revision.ts'
import { NodeSort } from '../data/use-nodes.ts'
import { useCall } from '../data/use-call.ts'
import { Diff } from '../parts/diff.tsx'
import { Icon } from '../parts/icon.tsx'
import { NodeTable } from '../parts/node-table.tsx'
import { Ago, Card, Empty, Loading, Status, Tell, Trouble } from '../parts/parts.tsx'
import { hrefOf } from '../route.ts'
import { usePlace } from '../router.ts'
import { changeLooks } from '../status.ts'

/** How often it is asked for by itself: the feed tells of nodes alone. */
const everyMs = 15_000

/** Which sources are in force, why others are not, and what changed with them. */
export function Revision() {
  const { value, failure } = useCall(api.readRevision, {}, { every: everyMs })
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  return (
    <>
      {value.errors.map((error) => (
        <Tell key={error} tone="bad" icon="failed">
          <pre class="wrap">{error}</pre>
        </Tell>
      ))}
      <Card title="The revision in force" flush aside={<InForce revision={value} />}>
        {value.before ? <Changes changes={value.changes} /> : <Empty title="There was none before it" />}
      </Card>
    </>
  )
}

function InForce({ revision: { id, at, before } }: { revision: RevisionView }) {
  return (
    <span class="muted clip">
      <code>{id.slice(0, 12)}</code> since <Ago at={at} />
      {before && (
        <span class="lesser">
          , after <code>{before.id.slice(0, 12)}</code>
        </span>
      )}
    </span>
  )
}

function Changes({ changes }: { changes: SourceChange[] }) {
  if (changes.length === 0) return <Empty title="The same files as before" />
  return (
    <div class="events">
      {changes.map(({ path, change, diff }) => (
        <details key={path} class="event">
          <summary data-row>
            <Icon name="right" />
            <Status look={changeLooks[change]} />
            <span class="id">{path}</span>
          </summary>
          <div class="body">
            {diff === null ? (
              <p class="muted">How is not shown: it is no text, too much of it, or for operators only.</p>
            ) : (
              <Diff text={diff} label={path} />
            )}
          </div>
        </details>
      ))}
    </div>
  )
}

const shownAtMost = 20
const isOfNode = ({ type }: FeedEvent) => type === 'node'

/** Nodes that have yet to converge to what the revision makes of them. */
export function Behind() {
  const sort = NodeSort.safeParse(usePlace().query['sort']).data
  const { value, failure } = useCall(
    api.listNodes,
    { behind: true, limit: shownAtMost, ...(sort && { sort }) },
    { live: isOfNode, settleMs: 1000 },
  )
  const all = value?.next ? <a href={hrefOf('/nodes', { is: 'behind' })}>All of them</a> : undefined
  return (
    <Card title="Nodes that are behind" label="Nodes that are behind" flush aside={all}>
      <Trouble failure={failure} />
      {!value && !failure && <Loading />}
      {value?.items.length === 0 && <Empty title="None">Each has converged to its newest catalog.</Empty>}
      {value && value.items.length > 0 && (
        <NodeTable
          nodes={value.items}
          sort={sort ?? 'name'}
          columns={['cluster', 'roles', 'lastRun']}
          label="Nodes that are behind"
        />
      )}
    </Card>
  )
}
