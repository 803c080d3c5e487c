import type { ComponentType } from 'preact'
import type { PageName } from '../route.ts'
import { Audit } from './audit.tsx'
import { CompareNodes } from './compare-nodes.tsx'
import { Fleet } from './fleet.tsx'
import { History } from './history.tsx'
import { Leases } from './leases.tsx'
import { Node } from './node.tsx'
import { Nodes } from './nodes.tsx'
import { Order } from './order.tsx'
import { Orders } from './orders.tsx'
import { Recipe } from './recipe.tsx'
import { Role } from './role.tsx'
import { RolesPage } from './roles.tsx'
import { Run } from './run.tsx'
import { Tokens } from './tokens.tsx'

/** The page for each route. */
export const pages: Record<PageName, ComponentType<{ params: Record<string, string> }>> = {
  fleet: Fleet,
  nodes: Nodes,
  node: Node,
  compareNodes: CompareNodes,
  run: Run,
  orders: Orders,
  order: Order,
  roles: RolesPage,
  role: Role,
  recipe: Recipe,
  history: History,
  audit: Audit,
  leases: Leases,
  tokens: Tokens,
}
