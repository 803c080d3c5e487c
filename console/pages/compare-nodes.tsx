import { useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import { BlobRef } from '../../protocol/catalog.ts'
import type { NodeComparison } from '../../protocol/history.ts'
import { useCall } from '../data/use-call.ts'
import { useSettled } from '../data/use-settled.ts'
import { Card, Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { headOf, Table } from '../parts/table.tsx'
import { compareHref, to } from '../route.ts'
import { usePlace } from '../router.ts'
import { many, valueText } from '../text.ts'

/** Two nodes beside each other: what they are, and what they should be. The other is in the URL, or is chosen here. */
export function CompareNodes({ params: { node = '' } }: { params: Record<string, string> }) {
  const other = usePlace().query['with']
  const under = [
    { name: 'Nodes', href: '/nodes' },
    { name: node, href: to('nodes', node) },
  ]
  return (
    <>
      <PageHead title={other ? `${node} and ${other}` : `Compare ${node}`} under={under}>
        {other && (
          <a class="button" href={compareHref(node)}>
            With another…
          </a>
        )}
      </PageHead>
      {other ? <Compared node={node} other={other} /> : <Choose node={node} />}
    </>
  )
}

const shownAtMost = 20

function Choose({ node }: { node: string }) {
  const [text, setText] = useState('')
  const { value, failure } = useCall(api.listNodes, { text: useSettled(text.trim()), limit: shownAtMost })
  const others = value?.items.filter(({ name }) => name !== node)
  return (
    <Card title="With which node?" flush>
      <div class="inside filters">
        <input
          class="input search"
          type="search"
          placeholder="Name, address or reason"
          aria-label="Name, address or reason"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </div>
      <Trouble failure={failure} />
      {!others && !failure && <Loading />}
      {others?.length === 0 && <Empty title="No other node is like that" />}
      {others && others.length > 0 && (
        <Table label="Nodes to compare with" head={headOf(['Node', 'Cluster', '-Roles'])}>
          {others.map(({ name, cluster, roles }) => (
            <tr key={name}>
              <td>
                <a data-row class="name" href={compareHref(node, name)}>
                  {name}
                </a>
              </td>
              <td class="muted">{cluster}</td>
              <td class="lesser muted">{roles.join(', ')}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  )
}

function Compared({ node, other }: { node: string; other: string }) {
  const { value, failure } = useCall(
    api.compareNodes,
    { node, with: other },
    { live: (event) => event.type === 'node' && [node, other].includes(event.node.name) },
  )
  if (!value) return failure ? <Trouble failure={failure} /> : <Loading />
  return (
    <div class="stack">
      <Trouble failure={failure} />
      <Differences title="What they are" nodes={value.nodes} rows={value.facts} none="Their facts are the same" />
      <Differences
        title="What is set for them"
        nodes={value.nodes}
        rows={setFor(value)}
        none="The same is set for both"
      />
      <Resources compared={value} />
    </div>
  )
}

type Rows = NodeComparison['attributes']

function setFor({ roles, attributes }: NodeComparison): Rows {
  const [ones, others] = roles.map((names) => names.join(', '))
  return ones === others ? attributes : [{ name: 'roles', values: [ones || 'none', others || 'none'] }, ...attributes]
}

interface DifferencesProps {
  title: string
  nodes: NodeComparison['nodes']
  rows: Rows
  none: string
}

function Differences({ title, nodes, rows, none }: DifferencesProps) {
  return (
    <Card title={title} flush>
      {rows.length === 0 ? (
        <Empty title={none} />
      ) : (
        <Table label={title} head={headOf(['What', ...nodes])}>
          {rows.map(({ name, values }) => (
            <Row key={name} name={name} values={values} />
          ))}
        </Table>
      )}
    </Card>
  )
}

function Row({ name, values }: Rows[number]) {
  return (
    <tr>
      <th scope="row" class="what">
        {name}
      </th>
      {values.map((value, index) => (
        <td key={index} class="half mono">
          {shown(value)}
        </td>
      ))}
    </tr>
  )
}

function shown(value: unknown) {
  if (value === null) return <span class="faint">—</span>
  const blob = BlobRef.safeParse(value).data
  return blob ? `${many(blob.bytes, 'byte')}, ${blob.sha256.slice(0, 12)}` : valueText(value)
}

/** In the catalogs: what just one has, and where both have it in what it differs. */
function Resources({ compared: { nodes, resources, same } }: { compared: NodeComparison }) {
  const alike = `${many(same, 'resource')} ${same === 1 ? 'is' : 'are'} the same in both catalogs`
  return (
    <Card title="What they should be" flush>
      {resources.length === 0 && <Empty title="No resource differs">{alike}.</Empty>}
      {resources.length > 0 && (
        <Table label="What they should be" head={headOf(['Resource', ...nodes])}>
          {resources.map((resource) => (
            <ResourceRows key={resource.id} resource={resource} />
          ))}
        </Table>
      )}
      {resources.length > 0 && <p class="fold">{alike}</p>}
    </Card>
  )
}

function ResourceRows({ resource: { id, of, props } }: { resource: NodeComparison['resources'][number] }) {
  if (of !== 'both')
    return (
      <tr>
        <th scope="row" class="what">
          {id}
        </th>
        <td class="half">{of === 'first' ? 'has it' : <span class="muted">does not have it</span>}</td>
        <td class="half">{of === 'second' ? 'has it' : <span class="muted">does not have it</span>}</td>
      </tr>
    )
  return (
    <>
      {props.map(({ name, values }) => (
        <Row key={name} name={`${id} ${name}`} values={values} />
      ))}
    </>
  )
}
