import { api } from '../../protocol/api.ts'
import type { RecipeView, RoleSummary } from '../../protocol/views.ts'
import { useAct } from '../data/act.ts'
import { call } from '../data/client.ts'
import { say } from '../data/notes.ts'
import { useList } from '../data/use-call.ts'
import { useMay } from '../me.ts'
import { Card, Empty, Loading, PageHead, Trouble } from '../parts/parts.tsx'
import { Table } from '../parts/table.tsx'
import { hrefOf, to } from '../route.ts'
import { many } from '../text.ts'
import { Behind, Revision } from './revision.tsx'

export function RolesPage() {
  const roles = useList(api.listRoles, {})
  const recipes = useList(api.listRecipes, {})
  return (
    <>
      <PageHead title="Roles and recipes" lead="What nodes can be, and what that is made of.">
        <Check />
      </PageHead>
      <div class="stack">
        <Trouble failure={roles.failure ?? recipes.failure} />
        <Card title="Roles" flush>
          {roles.value ? <RoleTable roles={roles.value} /> : <Loading />}
        </Card>
        <Card title="Recipes" flush>
          {recipes.value ? <RecipeTable recipes={recipes.value} /> : <Loading />}
        </Card>
        <Revision />
        <Behind />
      </div>
    </>
  )
}

function Check() {
  const may = useMay('operator')
  const act = useAct(async () => {
    const { errors, nodes } = await call(api.checkSources, {})
    for (const error of errors) say(error, 'failed')
    for (const { node, error } of nodes) say(`${node}: ${error}`, 'failed')
    if (errors.length + nodes.length === 0) say('All recipes and roles load, and every node compiles.')
  })
  if (!may) return null
  return (
    <button type="button" class="button" disabled={act.busy} onClick={() => void act.run()}>
      {act.busy ? 'Checking…' : 'Check the sources'}
    </button>
  )
}

function RoleTable({ roles }: { roles: RoleSummary[] }) {
  if (roles.length === 0) return <Empty title="No roles yet">They are files in the server’s folder of roles.</Empty>
  const head = (
    <>
      <th scope="col">Role</th>
      <th scope="col" class="lesser">
        What for
      </th>
      <th scope="col" class="lesser">
        Recipes
      </th>
      <th scope="col" class="right">
        Nodes
      </th>
    </>
  )
  return (
    <Table label="Roles" head={head}>
      {roles.map(({ name, description, recipes, nodeCount }) => (
        <tr key={name}>
          <td>
            <a data-row class="name" href={to('roles', name)}>
              {name}
            </a>
          </td>
          <td class="lesser wide muted">
            <span class="clip">{description}</span>
          </td>
          <td class="lesser">
            <Recipes names={recipes} />
          </td>
          <td class="right number">
            <a href={hrefOf('/nodes', { role: name })} aria-label={`${many(nodeCount, 'node')} with role ${name}`}>
              {nodeCount}
            </a>
          </td>
        </tr>
      ))}
    </Table>
  )
}

export function Recipes({ names }: { names: string[] }) {
  return (
    <span class="chips">
      {names.map((name) => (
        <a key={name} class="chip" href={to('recipes', name)}>
          {name}
        </a>
      ))}
    </span>
  )
}

function RecipeTable({ recipes }: { recipes: RecipeView[] }) {
  if (recipes.length === 0)
    return <Empty title="No recipes yet">They are files in the server’s folder of recipes.</Empty>
  const head = (
    <>
      <th scope="col">Recipe</th>
      <th scope="col" class="lesser">
        What for
      </th>
      <th scope="col" class="lesser">
        In roles
      </th>
      <th scope="col" class="right">
        Attributes
      </th>
    </>
  )
  return (
    <Table label="Recipes" head={head}>
      {recipes.map(({ name, description, roles, attributes }) => (
        <tr key={name}>
          <td>
            <a data-row class="name" href={to('recipes', name)}>
              {name}
            </a>
          </td>
          <td class="lesser wide muted">
            <span class="clip">{description}</span>
          </td>
          <td class="lesser muted">{roles.join(', ')}</td>
          <td class="right number">{Object.keys(attributes).length}</td>
        </tr>
      ))}
    </Table>
  )
}
