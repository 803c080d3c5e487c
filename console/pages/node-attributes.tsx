import { useRef, useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { readAttributeValue } from '../../protocol/attribute-value.ts'
import type { NodeDetail } from '../../protocol/views.ts'
import { call } from '../data/client.ts'
import { useGuarded } from '../data/guarded.ts'
import { say } from '../data/notes.ts'
import { useCall, useList } from '../data/use-call.ts'
import { useMay } from '../me.ts'
import { BothSides } from '../parts/both-sides.tsx'
import { Ago, Card, Empty, Loading, Trouble } from '../parts/parts.tsx'
import { goQuery, usePlace } from '../router.ts'
import { valueText } from '../text.ts'

/** All attributes that the node's recipes take; of the chosen one each layer, with who set it. */
export function NodeAttributes({ node, reload }: { node: NodeDetail; reload: () => void }) {
  const roles = useList(api.listRoles, {}).value
  const recipes = useList(api.listRecipes, {}).value
  const { query } = usePlace()
  if (!roles || !recipes) return <Loading />
  const used = new Set(roles.filter(({ name }) => node.roles.includes(name)).flatMap((role) => role.recipes))
  const keys = recipes.filter(({ name }) => used.has(name)).flatMap(({ attributes }) => Object.keys(attributes))
  const chosen = query['key'] ?? keys[0]
  if (chosen === undefined)
    return (
      <section class="card">
        <Empty title="No attributes">The recipes of this node take none.</Empty>
      </section>
    )
  return (
    <div class="columns">
      <Card title="Attributes" flush>
        <ul class="picks">
          {keys.map((key) => (
            <li key={key}>
              <button
                type="button"
                data-row
                class="mono"
                aria-pressed={key === chosen}
                onClick={() => goQuery({ key }, { replace: true })}
              >
                {key}
              </button>
            </li>
          ))}
        </ul>
      </Card>
      <Explained key={chosen} node={node} attribute={chosen} reload={reload} />
    </div>
  )
}

interface ExplainedProps {
  node: NodeDetail
  attribute: string
  reload: () => void
}

function Explained({ node: { name: node, revision }, attribute, reload }: ExplainedProps) {
  const explained = useCall(
    api.explain,
    { node, key: attribute },
    { live: (event) => event.type === 'node' && event.node.name === node },
  )
  const may = useMay('operator')
  function again() {
    explained.reload()
    reload()
  }
  const { value, failure } = explained
  const layers = value?.layers.toReversed() ?? []
  const winner = layers.find((layer) => layer.value !== undefined)
  const own = value?.layers.some((layer) => layer.layer === `node ${node}` && layer.value !== undefined)
  return (
    <Card title={<span class="mono">{attribute}</span>} flush>
      <Trouble failure={failure} />
      <ul class="layers">
        {layers.map((layer) => (
          <li key={layer.layer} class={layer === winner ? 'wins' : ''}>
            <div>
              <strong>{layer.layer}</strong>
              {layer === winner && <span class="chip">in force</span>}
              <span class="muted end">
                {layer.author} {layer.at !== null && <Ago at={layer.at} />}
              </span>
            </div>
            <pre class="text-block">{valueText(layer.value)}</pre>
          </li>
        ))}
      </ul>
      {may && <SetForm node={node} revision={revision} attribute={attribute} own={own === true} done={again} />}
    </Card>
  )
}

interface SetProps {
  node: string
  /** What the page shows. */
  revision: number
  attribute: string
  /** The node has a value of its own, which can be taken back. */
  own: boolean
  done: () => void
}

/** What is written, by what was in the field, or that the node's own value is taken back. */
type Wanted = { text: string } | 'unset'

function SetForm(props: SetProps) {
  const { node, own } = props
  const [text, setText] = useState('')
  const { act, shown, leave } = useSetting(props, () => setText(''))
  function submit(event: Event) {
    event.preventDefault()
    void act.run(shown.now(), { text })
  }
  return (
    <form class="inside form" onSubmit={submit}>
      <label class="field">
        <span>Set it for this node</span>
        <textarea
          class="input"
          rows={2}
          required
          value={text}
          onInput={({ currentTarget }) => {
            if (currentTarget.value === '') shown.letGo()
            else shown.hold()
            setText(currentTarget.value)
          }}
        />
        <small>JSON, or a word as it is</small>
      </label>
      <Trouble failure={act.failure} />
      {act.stale && (
        <BothSides node={node} stale={act.stale} busy={act.busy} onWrite={() => void act.anyway()} onTake={leave} />
      )}
      <div class="actions">
        <button type="submit" class="button first" disabled={act.busy}>
          Set
        </button>
        {own && (
          <button type="button" class="button" disabled={act.busy} onClick={() => void act.run(shown.now(), 'unset')}>
            Take the node’s own value back
          </button>
        )}
      </div>
    </form>
  )
}

function useSetting({ node, revision, attribute, done }: SetProps, clear: () => void) {
  const shown = useShownRevision(revision)
  const act = useGuarded(async (ifRevision, wanted: Wanted) => {
    const where = { scope: 'nodes', name: node, key: attribute, ifRevision } as const
    const written =
      wanted === 'unset'
        ? await call(api.unsetAttribute, where)
        : await call(api.setAttribute, { ...where, value: readAttributeValue(wanted.text) })
    say(wanted === 'unset' ? `${attribute} of ${node} is taken back.` : `${attribute} is set on ${node}.`)
    shown.wrote(written.revision)
    leave()
  })
  function leave() {
    clear()
    act.forget()
    shown.letGo()
    done()
  }
  return { act, shown, leave }
}

/** The revision that somebody decides on: the page goes on being live, so it is held from when they begin to type. */
function useShownRevision(live: number) {
  const written = useRef(0)
  const held = useRef<number | undefined>(undefined)
  const newest = Math.max(live, written.current)
  return {
    now: () => held.current ?? newest,
    hold: () => (held.current ??= newest),
    letGo: () => (held.current = undefined),
    /** The page does not show yet what it wrote itself. */
    wrote: (revision: number) => (written.current = revision),
  }
}
