import { go } from './router.ts'

/** What `g` and a second key go to. */
export const goKeys: Record<string, { href: string; name: string }> = {
  f: { href: '/', name: 'Fleet' },
  n: { href: '/nodes', name: 'Nodes' },
  o: { href: '/orders', name: 'Orders' },
  r: { href: '/roles', name: 'Roles and recipes' },
  h: { href: '/history', name: 'History' },
  a: { href: '/audit', name: 'Audit' },
  l: { href: '/leases', name: 'Leases' },
  t: { href: '/tokens', name: 'Tokens and users' },
}

const sequenceMs = 1200

interface Openers {
  search: () => void
  help: () => void
}

/** Listens to keys for the whole page, except where people type. */
export function listenToKeys({ search, help }: Openers) {
  let gAt = 0
  const single: Record<string, () => void> = {
    '/': search,
    '?': help,
    j: () => moveRow(1),
    k: () => moveRow(-1),
    x: tickRow,
  }
  function onKey(event: KeyboardEvent) {
    if (event.ctrlKey && event.key === 'k') return handled(event, search)
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return undefined
    const after = Date.now() - gAt < sequenceMs ? goKeys[event.key] : undefined
    gAt = event.key === 'g' ? Date.now() : 0
    if (after) return handled(event, () => go(after.href))
    const act = single[event.key]
    return act && handled(event, act)
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}

function handled(event: KeyboardEvent, act: () => void) {
  event.preventDefault()
  act()
}

function isTyping(target: EventTarget | null) {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('dialog')) return true
  return target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]')
}

/** Rows are links marked `data-row`; Enter on one follows it. */
function moveRow(by: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter((row) => row.offsetParent !== null)
  const current = document.activeElement?.closest('tr, li, article')?.querySelector('[data-row]') ?? null
  const index = rows.findIndex((row) => row === current)
  const next =
    rows[index === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(Math.max(index + by, 0), rows.length - 1)]
  next?.focus()
  next?.closest('tr, li, article')?.scrollIntoView({ block: 'nearest' })
}

function tickRow() {
  document.activeElement?.closest('tr')?.querySelector<HTMLInputElement>('input[type=checkbox]')?.click()
}
