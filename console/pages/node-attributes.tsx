import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { readAttributeValue } from '../../protocol/attribute-value.ts'
import type { NodeDetail } from '../../protocol/views.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useCall, useList } from '../data/use-call.ts'
import { useMay } from '../me.ts'
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
      <Explained key={chosen} node={node.name} attribute={chosen} reload={reload} />
    </div>
  )
}

function Explained({ node, attribute, reload }: { node: string; attribute: string; reload: () => void }) {
  const explained = useCall(api.explain, { node, key: attribute })
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
      {may && <SetForm node={node} attribute={attribute} own={own === true} done={again} />}
    </Card>
  )
}

interface SetProps {
  node: string
  attribute: string
  /** The node has a value of its own, which can be taken back. */
  own: boolean
  done: () => void
}

function SetForm({ node, attribute, own, done }: SetProps) {
  const [text, setText] = useState('')
  const where = { scope: 'nodes', name: node, key: attribute } as const
  const setting = useAct(async () => {
    await call(api.setAttribute, { ...where, value: readAttributeValue(text) })
    say(`${attribute} is set on ${node}.`)
    setText('')
    done()
  })
  const unsetting = useAct(async () => {
    await call(api.unsetAttribute, where)
    say(`${attribute} of ${node} is taken back.`)
    done()
  })
  function submit(event: Event) {
    event.preventDefault()
    void setting.run()
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
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <small>JSON, or a word as it is</small>
      </label>
      <Trouble failure={setting.failure ?? unsetting.failure} />
      <div class="actions">
        <button type="submit" class="button first" disabled={setting.busy}>
          Set
        </button>
        {own && (
          <button type="button" class="button" disabled={unsetting.busy} onClick={() => void unsetting.run()}>
            Take the node’s own value back
          </button>
        )}
      </div>
    </form>
  )
}
