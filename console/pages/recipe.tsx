import { api } from '../../protocol/api.ts'
import { useCall } from '../data/use-call.ts'
import { Roles } from '../parts/node-parts.tsx'
import { Card, Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { Table } from '../parts/table.tsx'
import { valueText } from '../text.ts'

export function Recipe({ params: { recipe: name = '' } }: { params: Record<string, string> }) {
  const { value: recipe, failure } = useCall(api.readRecipe, { recipe: name })
  if (!recipe) return failure ? <Trouble failure={failure} /> : <Loading />
  const attributes = Object.entries(recipe.attributes)
  const head = ['Attribute', 'If nobody sets it'].map((title) => (
    <th key={title} scope="col">
      {title}
    </th>
  ))
  return (
    <>
      <PageHead title={name} lead={recipe.description} under={[{ name: 'Roles and recipes', href: '/roles' }]} />
      <div class="columns wide-first">
        <Card title="Attributes" flush>
          {attributes.length === 0 ? (
            <Empty title="It takes none" />
          ) : (
            <Table label="Attributes" head={head}>
              {attributes.map(([key, { mustBeSet, default: value }]) => (
                <tr key={key}>
                  <td class="mono">{key}</td>
                  <td class="mono">{mustBeSet ? <span class="muted">must be set</span> : valueText(value)}</td>
                </tr>
              ))}
            </Table>
          )}
        </Card>
        <Card title="In roles">
          <Roles roles={recipe.roles} />
        </Card>
      </div>
    </>
  )
}
