import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  attributes: z.strictObject({ root: z.string() }),
  cleanup: 'remove',
  declare({ attributes: { root }, file }) {
    file(`${root}/removable`, { content: 'ours' })
  },
})
