import { useEffect, useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { nodeHolds } from '../../protocol/node-words.ts'
import { useCall, useList } from '../data/use-call.ts'
import { useSettled } from '../data/use-settled.ts'
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
  /** Enter was pressed, and the server has yet to say what there is. */
  const [isSent, setSent] = useState(false)
  const { found, isComing } = useFound(text.trim())
  function choose(one: Found | undefined) {
    if (!one) return
    onClose()
    go(one.href)
  }
  useEffect(() => {
    if (isSent && !isComing) choose(found[at])
  }, [isSent, isComing])
  function onKey(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Enter') setSent(true)
    if (step === undefined) return
    event.preventDefault()
    setAt(Math.min(Math.max(at + step, 0), found.length - 1))
  }
  function type(event: Event) {
    if (!(event.target instanceof HTMLInputElement)) return
    setText(event.target.value)
    setAt(0)
    setSent(false)
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

function useFound(text: string): { found: Found[]; isComing: boolean } {
  const nodes = useFoundNodes(text)
  const roles = useList(api.listRoles, {}).value ?? []
  const recipes = useList(api.listRecipes, {}).value ?? []
  const pages = Object.values(goKeys).map(({ name, href }): Found => ({ name, href, kind: 'page', icon: 'right' }))
  const named = [
    ...roles.map(({ name }): Found => ({ name, kind: 'role', icon: 'roles', href: to('roles', name) })),
    ...recipes.map(({ name }): Found => ({ name, kind: 'recipe', icon: 'roles', href: to('recipes', name) })),
  ]
  const wanted = text.toLowerCase()
  const matching = (all: Found[]) => all.filter(({ name }) => name.toLowerCase().includes(wanted))
  const found = [...matching(pages), ...nodes.found, ...matching(named)].slice(0, shownAtMost)
  if (text === '') return { found, isComing: false }
  const inHistory = { name: `Runs with “${text}”`, kind: 'history', icon: 'history' as const }
  return { found: [...found, { ...inHistory, href: hrefOf('/history', { text }) }], isComing: nodes.isComing }
}

const nodesAtMost = 8

/** The server is asked for the few that match: there may be ten thousand. */
function useFoundNodes(text: string) {
  const settled = useSettled(text)
  const { value, loading, failure } = useCall(
    api.listNodes,
    { text: settled, limit: nodesAtMost },
    { when: settled !== '' },
  )
  // Those of the letters before may not match any longer.
  const matching = (value?.items ?? []).filter((node) => nodeHolds(node, text))
  const found = matching.map(({ name }): Found => ({ name, kind: 'node', icon: 'nodes', href: to('nodes', name) }))
  return { found, isComing: text !== '' && !failure && (settled !== text || loading) }
}
