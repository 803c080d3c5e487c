import { z } from 'zod'
import { ResourceId } from '../protocol/catalog.ts'
import { Name } from '../protocol/name.ts'
import { defineResource } from './define.ts'
import { Label } from './names.ts'

const Props = z.strictObject({
  role: Name.describe('The role, in this cluster, whose nodes are asked.'),
  probe: ResourceId.refine((id) => id.startsWith('probe['), 'must be a probe, such as probe[zookeeper]').describe(
    'The probe in their catalogs that must be well, as their agents say all the time.',
  ),
  atLeast: z.int().min(1).default(1).describe('On how many of them.'),
})

export const gate = defineResource({
  type: 'gate',
  summary:
    'Waits for other nodes, as the server knows them. Until it has been open once, what comes after it in its recipe is deferred, and the node is pending; from then on it stays open on this node.',
  example: "gate('zookeeper has a quorum', { role: 'zookeeper', probe: 'probe[zookeeper]', atLeast: 2 })",
  name: Label,
  props: Props,
  waits: true,
  check(name, want, host) {
    const reason = host.closedGate(name, want)
    return reason === undefined ? [] : [{ what: 'open', from: reason, to: 'yes' }]
  },
  apply: () => {},
})
