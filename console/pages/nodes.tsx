import { useMemo, useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { FleetView } from '../../protocol/history.ts'
import { NodeWord } from '../../protocol/node-words.ts'
import { facets } from '../data/facets.ts'
import { useCall, useList } from '../data/use-call.ts'
import { type NodesAsked, NodeSort, pageSize, readNames, useNodes } from '../data/use-nodes.ts'
import { useSettled } from '../data/use-settled.ts'
import { useMay } from '../me.ts'
import { Choice } from '../parts/choice.tsx'
import { Icon } from '../parts/icon.tsx'
import { type Column, Columns, NodeTable, shownColumns } from '../parts/node-table.tsx'
import { Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { pageIn, Pager } from '../parts/table.tsx'
import { hrefOf } from '../route.ts'
import { goQuery, usePlace } from '../router.ts'
import { many } from '../text.ts'
import { Bulk } from './bulk.tsx'

/** The whole fleet is counted anew. */
const settleMs = 3000
const isOfNode = ({ type }: FeedEvent) => type === 'node'

export function Nodes() {
  const { query } = usePlace()
  const text = useSettled(query['q'])
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const number = pageIn(query)
  const asked = askedBy({ ...query, q: text })
  const { nodes, total, failure, reload } = useNodes(asked, number)
  const { value: fleet, reload: recount } = useCall(api.readFleet, { days: 1 }, { live: isOfNode, settleMs })
  const may = useMay('operator')
  function done() {
    reload()
    recount()
  }
  // What the letters that are typed do not change is not drawn anew with each.
  const table = useMemo(
    () =>
      nodes && (
        <NodeTable
          nodes={nodes}
          sort={query['sort'] ?? 'name'}
          columns={shownColumns(query)}
          selected={may ? selected : undefined}
          onSelect={setSelected}
        />
      ),
    [nodes, query['sort'], query['columns'], selected, may],
  )
  return (
    <>
      <PageHead title="Nodes" lead={fleet && many(fleet.nodes, 'node')} />
      <Facets fleet={fleet} query={query} />
      <Filters query={query} when={nodes !== undefined} />
      <Trouble failure={failure} />
      <section class="card">
        {!nodes && !failure && <Loading />}
        {nodes?.length === 0 && <Empty title="No such nodes">Nothing here has all that the filters ask for.</Empty>}
        {nodes && nodes.length > 0 && table}
        {total !== undefined && total > pageSize && <Pager number={number} size={pageSize} count={total} />}
      </section>
      {may && selected.size > 0 && (
        <Bulk
          nodes={[...selected]}
          total={total ?? 0}
          readAll={() => readNames(asked)}
          onSelect={setSelected}
          onDone={done}
        />
      )}
    </>
  )
}

type Query = Record<string, string | undefined>

/** What the URL asks of the server; a word that it does not know asks for nothing. */
function askedBy({ q: text, is, role, cluster, sort }: Query): NodesAsked {
  const word = NodeWord.safeParse(is).data
  const by = NodeSort.safeParse(sort).data
  return { ...(text && { text }), ...(word && { is: word }), ...(by && { sort: by }), role, cluster }
}

function Facets({ fleet, query }: { fleet: FleetView | undefined; query: Query }) {
  const { is, page: _page, ...rest } = query
  const offered = Object.entries(facets).filter(
    ([name, { rare, count }]) => !rare || is === name || (fleet && count(fleet)),
  )
  return (
    <nav class="facets" aria-label="Nodes by state">
      <a href={hrefOf('/nodes', rest)} aria-current={is ? undefined : 'true'}>
        All <span class="number">{fleet?.nodes.toLocaleString('en')}</span>
      </a>
      {offered.map(([name, { label, tone, icon, count }]) => (
        <a
          key={name}
          class={tone}
          href={hrefOf('/nodes', { ...rest, is: name })}
          aria-current={is === name ? 'true' : undefined}
        >
          <Icon name={icon} />
          {label} <span class="number">{fleet && count(fleet).toLocaleString('en')}</span>
        </a>
      ))}
    </nav>
  )
}

/** What they offer is asked for after the rows, which are waited for. */
function Filters({ query, when }: { query: Query; when: boolean }) {
  const clusters = useList(api.listClusters, {}, { when }).value ?? []
  const roles = useList(api.listRoles, {}, { when }).value ?? []
  const shown = shownColumns(query)
  return (
    <div class="filters" role="search">
      <input
        class="input search"
        type="search"
        placeholder="Name, address or reason"
        aria-label="Name, address or reason"
        value={query['q'] ?? ''}
        onInput={({ currentTarget }) => goQuery({ q: currentTarget.value, page: undefined }, { replace: true })}
      />
      <Choice name="role" label="Any role" options={roles.map(({ name }) => name)} query={query} />
      <Choice name="cluster" label="Any cluster" options={clusters.map(({ name }) => name)} query={query} />
      <Columns
        shown={shown}
        onChange={(next: Column[]) => goQuery({ columns: next.join(',') || 'none' }, { replace: true })}
      />
    </div>
  )
}
