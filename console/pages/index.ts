import type { ComponentType } from 'preact'
import type { PageName } from '../route.ts'
import { Fleet } from './fleet.tsx'
import { Node } from './node.tsx'
import { Nodes } from './nodes.tsx'
import { Order } from './order.tsx'
import { Orders } from './orders.tsx'
import { Run } from './run.tsx'

/** The page for each route. */
export const pages: Partial<Record<PageName, ComponentType<{ params: Record<string, string> }>>> = {
  fleet: Fleet,
  nodes: Nodes,
  node: Node,
  run: Run,
  orders: Orders,
  order: Order,
}
