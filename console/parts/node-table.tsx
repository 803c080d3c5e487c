import type { ComponentChildren } from 'preact'
import type { NodeSummary } from '../../protocol/views.ts'
import { to } from '../route.ts'
import { Icon } from './icon.tsx'
import { NodeStatus, Roles } from './node-parts.tsx'
import { Ago } from './parts.tsx'
import { SortHead, Table } from './table.tsx'

const columns = { cluster: 'Cluster', roles: 'Roles', address: 'Address', owed: 'Owed', lastRun: 'Last run' } as const
export type Column = keyof typeof columns
const all: Column[] = ['cluster', 'roles', 'address', 'owed', 'lastRun']
const usual: Column[] = ['cluster', 'roles', 'address', 'lastRun']

export function shownColumns(query: Record<string, string | undefined>): Column[] {
  const asked = query['columns']?.split(',')
  return asked ? all.filter((column) => asked.includes(column)) : usual
}

export function Columns({ shown, onChange }: { shown: Column[]; onChange: (next: Column[]) => void }) {
  return (
    <details class="menu">
      <summary class="button">
        <Icon name="columns" />
        Columns
      </summary>
      <div class="inside">
        {all.map((column) => (
          <label key={column}>
            <input
              type="checkbox"
              checked={shown.includes(column)}
              onChange={({ currentTarget: { checked } }) =>
                onChange(all.filter((one) => (one === column ? checked : shown.includes(one))))
              }
            />
            {columns[column]}
          </label>
        ))}
      </div>
    </details>
  )
}

interface NodeTableProps {
  nodes: NodeSummary[]
  sort: string
  columns: Column[]
  /** Undefined where nothing can be selected. */
  selected?: ReadonlySet<string> | undefined
  onSelect?: (next: ReadonlySet<string>) => void
  label?: string
}

export function NodeTable({ nodes, sort, columns: shown, selected, onSelect, label = 'Nodes' }: NodeTableProps) {
  const isAll = nodes.every(({ name }) => selected?.has(name))
  function select(names: string[], on: boolean) {
    const next = new Set(selected)
    for (const name of names) next[on ? 'add' : 'delete'](name)
    onSelect?.(next)
  }
  const head = (
    <>
      {selected && (
        <th class="tick" scope="col">
          <input
            type="checkbox"
            aria-label="Select all that are shown"
            checked={isAll}
            onChange={() =>
              select(
                nodes.map(({ name }) => name),
                !isAll,
              )
            }
          />
        </th>
      )}
      <SortHead field="name" sort={sort}>
        Node
      </SortHead>
      <SortHead field="state" sort={sort}>
        State
      </SortHead>
      {shown.map((column) => (
        <ColumnHead key={column} column={column} sort={sort} />
      ))}
    </>
  )
  return (
    <Table label={label} head={head}>
      {nodes.map((node) => (
        <NodeRow key={node.name} node={node} columns={shown} selected={selected} select={select} />
      ))}
    </Table>
  )
}

interface RowProps {
  node: NodeSummary
  columns: Column[]
  selected: ReadonlySet<string> | undefined
  select: (names: string[], on: boolean) => void
}

function NodeRow({ node, columns: shown, selected, select }: RowProps) {
  return (
    <tr class={selected?.has(node.name) ? 'selected' : ''}>
      {selected && (
        <td class="tick">
          <input
            type="checkbox"
            aria-label={`Select ${node.name}`}
            checked={selected.has(node.name)}
            onChange={({ currentTarget: { checked } }) => select([node.name], checked)}
          />
        </td>
      )}
      <td>
        <a data-row class="name" href={to('nodes', node.name)}>
          {node.name}
        </a>
      </td>
      <td>
        <NodeStatus node={node} />
      </td>
      {shown.map((column) => (
        <td key={column} class={placeOf[column]}>
          {cells[column](node)}
        </td>
      ))}
    </tr>
  )
}

/** What a phone has no room for, and what stands to the right. */
const placeOf: Record<Column, string> = {
  cluster: 'lesser',
  roles: 'lesser',
  address: 'lesser mono',
  owed: 'lesser mono',
  lastRun: 'right',
}

function ColumnHead({ column, sort }: { column: Column; sort: string }) {
  const name = placeOf[column].replace('mono', '')
  if (column !== 'cluster' && column !== 'lastRun')
    return (
      <th scope="col" class={name}>
        {columns[column]}
      </th>
    )
  return (
    <SortHead field={column} sort={sort} class={name}>
      {columns[column]}
    </SortHead>
  )
}

const cells: Record<Column, (node: NodeSummary) => ComponentChildren> = {
  cluster: ({ cluster }) => <span class="muted">{cluster}</span>,
  roles: ({ roles }) => <Roles roles={roles} />,
  address: ({ address }) => <span class="muted">{address ?? '—'}</span>,
  owed: ({ owed }) => owed.join(', ') || '—',
  lastRun: ({ lastRun }) =>
    lastRun ? (
      <a class="plain muted" href={to('runs', lastRun.id)}>
        <Ago at={lastRun.finishedAt} />
      </a>
    ) : (
      <span class="faint">never</span>
    ),
}
