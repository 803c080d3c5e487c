import type { ComponentChildren } from 'preact'
import { goQuery } from '../router.ts'
import { Icon } from './icon.tsx'

/** A table that scrolls by itself where the page is too narrow. */
export function Table({
  label,
  head,
  children,
}: {
  label: string
  head: ComponentChildren
  children: ComponentChildren
}) {
  return (
    <div class="scroll" tabIndex={-1}>
      <table aria-label={label}>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

/** The head of a column by which the rows can be sorted; the order is in the URL. */
export function SortHead({ field, sort, children, class: name = '' }: SortProps) {
  const down = sort === `-${field}`
  const up = sort === field
  return (
    <th scope="col" class={name} aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}>
      <button
        type="button"
        onClick={() => goQuery({ sort: up ? `-${field}` : field, after: undefined }, { replace: true })}
      >
        {children}
        {(up || down) && <Icon name={up ? 'up' : 'down'} />}
      </button>
    </th>
  )
}

interface SortProps {
  field: string
  sort: string
  children: ComponentChildren
  class?: string
}
