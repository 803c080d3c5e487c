import { useMemo, useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { useList } from '../data/use-call.ts'
import { goKeys } from '../keys.ts'
import { hrefOf, to } from '../route.ts'
import { go } from '../router.ts'
import { Dialog } from './dialog.tsx'
import { Icon, type IconName } from './icon.tsx'

interface Found {
  name: string
  kind: string
  icon: IconName
  href: string
}

const shownAtMost = 12

/** What `/` opens: one field that finds nodes, roles, recipes and pages by name, and searches history for all else. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const found = useFound(text.trim())
  function choose(one: Found | undefined) {
    if (!one) return
    onClose()
    go(one.href)
  }
  function onKey(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Enter') choose(found[at])
    if (step === undefined) return
    event.preventDefault()
    setAt(Math.min(Math.max(at + step, 0), found.length - 1))
  }
  function type(event: Event) {
    if (!(event.target instanceof HTMLInputElement)) return
    setText(event.target.value)
    setAt(0)
  }
  return (
    <Dialog label="Search" onClose={onClose} class="palette high">
      <input
        class="palette-input"
        type="text"
        role="combobox"
        aria-label="Search"
        aria-expanded="true"
        aria-controls="found"
        aria-activedescendant={found.length > 0 ? `found-${at}` : undefined}
        placeholder="Nodes, roles, recipes, pages, history…"
        autofocus
        value={text}
        onInput={type}
        onKeyDown={onKey}
      />
      <Results found={found} at={at} choose={choose} />
    </Dialog>
  )
}

function Results({ found, at, choose }: { found: Found[]; at: number; choose: (one: Found) => void }) {
  return (
    <ul id="found" role="listbox" aria-label="Found">
      {found.map((one, index) => (
        <li key={one.href} id={`found-${index}`} role="option" aria-selected={index === at} onClick={() => choose(one)}>
          <Icon name={one.icon} />
          <span class="clip">{one.name}</span>
          <span class="kind">{one.kind}</span>
        </li>
      ))}
    </ul>
  )
}

function useFound(text: string): Found[] {
  const nodes = useList(api.listNodes, {}).value
  const roles = useList(api.listRoles, {}).value
  const recipes = useList(api.listRecipes, {}).value
  const all = useMemo<Found[]>(
    () => [
      ...Object.values(goKeys).map(({ name, href }) => ({ name, href, kind: 'page', icon: 'right' as const })),
      ...(nodes ?? []).map(({ name }) => ({ name, kind: 'node', icon: 'nodes' as const, href: to('nodes', name) })),
      ...(roles ?? []).map(({ name }) => ({ name, kind: 'role', icon: 'roles' as const, href: to('roles', name) })),
      ...(recipes ?? []).map(({ name }) => ({
        name,
        kind: 'recipe',
        icon: 'roles' as const,
        href: to('recipes', name),
      })),
    ],
    [nodes, roles, recipes],
  )
  const wanted = text.toLowerCase()
  const found = all.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, shownAtMost)
  if (text === '') return found
  const inHistory = { name: `Runs with “${text}”`, kind: 'history', icon: 'history' as const }
  return [...found, { ...inHistory, href: hrefOf('/history', { text }) }]
}
