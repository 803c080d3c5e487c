import { z } from 'zod'
import { Name } from '../name.ts'
import { LeaseView } from '../views.ts'
import { endpoint } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const leasesApi = {
  listLeases: endpoint({
    method: 'GET',
    path: '/api/leases',
    access: 'viewer',
    scoped: true,
    summary: 'Leases that are held and that nodes wait for, with why they wait.',
    input: z.strictObject({
      cluster: Name.optional(),
      group: Name.optional(),
      state: LeaseView.shape.state.optional(),
      ...pageInput(['cluster', '-cluster', 'since', '-since']),
    }),
    output: pageOf(LeaseView),
  }),
  releaseLease: endpoint({
    method: 'DELETE',
    path: '/api/leases/:group/:node',
    access: 'operator',
    scoped: true,
    summary: 'Take a lease from the node that holds it.',
    input: z.strictObject({ group: Name, node: Name }),
    output: z.object({ group: z.string(), node: z.string(), fence: z.int() }),
  }),
}
