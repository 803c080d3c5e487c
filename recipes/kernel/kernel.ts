import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'The kernel that is wanted, and a reboot into it: of few nodes at a time, each back in service first.',

  attributes: z.strictObject({
    packages: z
      .array(z.string())
      .default([])
      .describe('Packages of kernels that the node is to have, such as linux-image-amd64; those it has stay.'),
    reboot: z
      .boolean()
      .default(true)
      .describe('Whether the node reboots when a newer kernel than the running one is there.'),
    forUpdates: z
      .boolean()
      .default(true)
      .describe('Whether it reboots too when a package asks for that, by /run/reboot-required.'),
    max: z
      .union([z.int().min(1), z.string().regex(/^([1-9]\d?|100)%$/, 'must be a number, or a percentage such as 20%')])
      .default('20%')
      .describe('How many nodes of the cluster may reboot or be unwell at a time; one always may.'),
    until: z
      .templateLiteral(['probe[', z.string().min(1), ']'])
      .optional()
      .describe('The probe that must be well before the next node reboots, such as probe[mesos-slave].'),
  }),

  declare({ attributes: { packages, reboot: wanted, forUpdates, max, until }, pkg, reboot }) {
    for (const name of packages) pkg(name, { recommends: false })
    if (!wanted) return
    const lease = { group: 'reboot', max, ...(until && { until }) }
    reboot('into the wanted kernel', { kernel: true, ...(forUpdates && { exists: '/run/reboot-required' }), lease })
  },
})
