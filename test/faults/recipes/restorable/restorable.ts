import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  attributes: z.strictObject({ root: z.string() }),
  cleanup: 'restore',
  declare({ attributes: { root }, file }) {
    file(`${root}/restorable`, { content: 'ours' })
  },
})
