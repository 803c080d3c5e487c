import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'What people should know when they log in.',
  attributes: z.strictObject({
    contact: z.string().default('operations').describe('Whom they may ask.'),
  }),

  declare({ attributes, node, motd }) {
    motd('/etc/motd.d/trivet', {
      text: `${node.name} is kept as its roles say. What you change by hand will not last.`,
      contact: attributes.contact,
    })
  },
})
