import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { CatalogResource } from '../../protocol/catalog.ts'
import type { NodeDetail } from '../../protocol/views.ts'
import { useCall } from '../data/use-call.ts'
import { Icon } from '../parts/icon.tsx'
import { Card, Empty, Loading, Trouble } from '../parts/parts.tsx'
import { valueText } from '../text.ts'

/** What the node should be, in the order in which it is made so. */
export function NodeCatalog({ node }: { node: NodeDetail }) {
  const { value, failure } = useCall(api.readCatalog, { node: node.name }, { when: node.catalog !== null })
  const [text, setText] = useState('')
  if (node.catalog === null)
    return (
      <section class="card">
        <Empty title="It has no catalog">{node.reason ?? 'It has no roles yet.'}</Empty>
      </section>
    )
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  const shown = value.resources.filter(({ type, name, recipe }) => `${type}[${name}] ${recipe}`.includes(text))
  return (
    <Card
      title={
        <>
          Catalog <span class="mono faint">{value.digest.slice(0, 12)}</span>
        </>
      }
      flush
      aside={
        <input
          class="input"
          type="search"
          placeholder="Resource or recipe"
          aria-label="Resource or recipe"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      }
    >
      <div class="events">
        {shown.map((resource) => (
          <Resource key={`${resource.type}[${resource.name}]`} resource={resource} />
        ))}
      </div>
    </Card>
  )
}

function Resource({ resource }: { resource: CatalogResource }) {
  const { type, name, recipe, declaredAt, props, notifies, ...rest } = resource
  const rows = Object.entries({ ...props, ...rest }).filter(([, value]) => value !== undefined)
  return (
    <details class="event">
      <summary data-row>
        <Icon name="right" />
        <span class="id">
          {type}[{name}]
        </span>
        <span class="end">{recipe}</span>
      </summary>
      <div class="body">
        <dl class="facts">
          {rows.map(([key, value]) => (
            <>
              <dt>{key}</dt>
              <dd class="mono">{valueText(value)}</dd>
            </>
          ))}
          {notifies.map(({ action, target }) => (
            <>
              <dt>if it changed</dt>
              <dd class="mono">
                {action} {target}
              </dd>
            </>
          ))}
          <dt>declared at</dt>
          <dd class="mono">{declaredAt}</dd>
        </dl>
      </div>
    </details>
  )
}
