import { useEffect, useState } from 'preact/hooks'
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
        onClick={() =>
          goQuery({ sort: up ? `-${field}` : field, after: undefined, page: undefined }, { replace: true })
        }
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

/** Heads of columns by their names; one with `-` before it is left out on a phone. */
export function headOf(names: string[]) {
  return names.map((name) => (
    <th key={name} scope="col" class={name.startsWith('-') ? 'lesser' : ''}>
      {name.replace(/^-/, '')}
    </th>
  ))
}

export function NewButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <button type="button" class="button small" onClick={onClick} aria-label={`New ${what}`}>
      <Icon name="plus" />
      New
    </button>
  )
}

interface ActProps {
  act: { run: () => Promise<unknown>; busy: boolean }
  children: ComponentChildren
}

const sureMs = 4000

/** A button in a row for what cannot be taken back: it does it when it is pressed a second time. */
export function DangerButton({ act, children }: ActProps) {
  const [isAsking, setAsking] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setAsking(false), sureMs)
    return () => clearTimeout(timer)
  }, [isAsking])
  function press() {
    setAsking(!isAsking)
    if (isAsking) void act.run()
  }
  return (
    <button type="button" class="button small danger" disabled={act.busy} onClick={press} aria-live="polite">
      {isAsking && 'Really '}
      {children}
      {isAsking && '?'}
    </button>
  )
}

/** The way through a list that is read in pages, newest first. */
export function Older({ after, next }: { after: string | undefined; next: string | null | undefined }) {
  if (!after && !next) return null
  return (
    <nav class="pager" aria-label="Through the list">
      <span class="grow" />
      <button type="button" class="button small" disabled={!after} onClick={() => goQuery({ after: undefined })}>
        Newest
      </button>
      <button type="button" class="button small" disabled={!next} onClick={() => goQuery({ after: next ?? undefined })}>
        Older
      </button>
    </nav>
  )
}

/** The number of the page that the URL names: the first, if it names none. */
export function pageIn({ page }: Record<string, string | undefined>) {
  return Math.max(Math.floor(Number(page)) || 1, 1)
}

/** The way through a list of which it is known how long it is; the number of the page is in the URL. */
export function Pager({ number, size, count }: { number: number; size: number; count: number }) {
  const last = Math.ceil(count / size)
  return (
    <nav class="pager" aria-label="Through the list">
      <span class="grow number">
        {Math.min((number - 1) * size + 1, count).toLocaleString('en')}–
        {Math.min(number * size, count).toLocaleString('en')} of {count.toLocaleString('en')}
      </span>
      <button
        type="button"
        class="button small"
        disabled={number <= 1}
        onClick={() => move(Math.min(number, last + 1) - 1)}
      >
        Before
      </button>
      <button type="button" class="button small" disabled={number >= last} onClick={() => move(number + 1)}>
        Next
      </button>
    </nav>
  )
}

function move(page: number) {
  goQuery({ page: page === 1 ? undefined : String(page) })
}
