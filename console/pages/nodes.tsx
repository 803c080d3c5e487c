import { useMemo, useState } from 'preact/hooks'
import type { NodeSummary } from '../../protocol/views.ts'
import { countFacets, facets, selectNodes, sortNodes } from '../data/nodes.ts'
import { useNodes } from '../data/use-nodes.ts'
import { useMay } from '../me.ts'
import { Choice } from '../parts/choice.tsx'
import { Icon } from '../parts/icon.tsx'
import { type Column, Columns, NodeTable, shownColumns } from '../parts/node-table.tsx'
import { Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { hrefOf } from '../route.ts'
import { goQuery, usePlace } from '../router.ts'
import { many } from '../text.ts'
import { Bulk } from './bulk.tsx'

const pageSize = 100
const none: NodeSummary[] = []

export function Nodes() {
  const { query } = usePlace()
  const { value, failure, isWhole, reload } = useNodes()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const may = useMay('operator')
  // What the letters that are typed do not change is not made anew with each.
  const sorted = useMemo(() => value && sortNodes(value, query['sort']), [value, query['sort']])
  const found = useMemo(
    () => sorted && selectNodes(sorted, { text: query['q'], facet: query['is'], ...query }),
    [sorted, JSON.stringify(query)],
  )
  const number = Math.max(Number(query['page'] ?? 1) || 1, 1)
  const shown = found?.slice((number - 1) * pageSize, number * pageSize)
  return (
    <>
      <PageHead title="Nodes" lead={value && `${many(value.length, 'node')}${isWhole ? '' : ' so far'}`} />
      <Facets nodes={value ?? none} query={query} />
      <Filters nodes={value ?? none} query={query} />
      <Trouble failure={failure} />
      <section class="card">
        {!shown && !failure && <Loading />}
        {shown?.length === 0 && <Empty title="No such nodes">Nothing here has all that the filters ask for.</Empty>}
        {shown && shown.length > 0 && (
          <NodeTable
            nodes={shown}
            sort={query['sort'] ?? 'name'}
            columns={shownColumns(query)}
            selected={may ? selected : undefined}
            onSelect={setSelected}
          />
        )}
        {found && found.length > pageSize && <Pager number={number} count={found.length} />}
      </section>
      {may && selected.size > 0 && (
        <Bulk
          nodes={[...selected]}
          found={found?.map(({ name }) => name) ?? []}
          onSelect={setSelected}
          onDone={reload}
        />
      )}
    </>
  )
}

type Query = Record<string, string | undefined>

function Facets({ nodes, query }: { nodes: NodeSummary[]; query: Query }) {
  const { is, page: _page, ...rest } = query
  const counts = useMemo(() => countFacets(nodes), [nodes])
  const offered = Object.entries(facets).filter(([name, { rare }]) => !rare || counts[name] || is === name)
  return (
    <nav class="facets" aria-label="Nodes by state">
      <a href={hrefOf('/nodes', rest)} aria-current={is ? undefined : 'true'}>
        All <span class="number">{nodes.length.toLocaleString('en')}</span>
      </a>
      {offered.map(([name, { label, tone, icon }]) => (
        <a
          key={name}
          class={tone}
          href={hrefOf('/nodes', { ...rest, is: name })}
          aria-current={is === name ? 'true' : undefined}
        >
          <Icon name={icon} />
          {label} <span class="number">{counts[name]?.toLocaleString('en')}</span>
        </a>
      ))}
    </nav>
  )
}

function Filters({ nodes, query }: { nodes: NodeSummary[]; query: Query }) {
  const clusters = useMemo(() => unique(nodes.map(({ cluster }) => cluster)), [nodes])
  const roles = useMemo(() => unique(nodes.flatMap(({ roles: all }) => all)), [nodes])
  const shown = shownColumns(query)
  return (
    <div class="filters" role="search">
      <input
        class="input search"
        type="search"
        placeholder="Name or address"
        aria-label="Name or address"
        value={query['q'] ?? ''}
        onInput={({ currentTarget }) => goQuery({ q: currentTarget.value, page: undefined }, { replace: true })}
      />
      <Choice name="role" label="Any role" options={roles} query={query} />
      <Choice name="cluster" label="Any cluster" options={clusters} query={query} />
      <Columns
        shown={shown}
        onChange={(next: Column[]) => goQuery({ columns: next.join(',') || 'none' }, { replace: true })}
      />
    </div>
  )
}

function Pager({ number, count }: { number: number; count: number }) {
  const last = Math.ceil(count / pageSize)
  return (
    <nav class="pager" aria-label="Pages of the list">
      <span class="grow number">
        {(number - 1) * pageSize + 1}–{Math.min(number * pageSize, count)} of {count.toLocaleString('en')}
      </span>
      <button type="button" class="button small" disabled={number <= 1} onClick={() => move(number - 1)}>
        Before
      </button>
      <button type="button" class="button small" disabled={number >= last} onClick={() => move(number + 1)}>
        Next
      </button>
    </nav>
  )
}

function move(next: number) {
  goQuery({ page: next === 1 ? undefined : String(next) })
}

function unique(all: string[]) {
  return [...new Set(all)].toSorted()
}
