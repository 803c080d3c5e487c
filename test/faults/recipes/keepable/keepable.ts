import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  attributes: z.strictObject({ root: z.string() }),
  cleanup: 'keep',
  declare({ attributes: { root }, file }) {
    file(`${root}/keepable`, { content: 'ours' })
  },
})
