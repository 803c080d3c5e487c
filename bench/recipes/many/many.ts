import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'
import { filesIn } from '../w1/wanted.ts'

export default defineRecipe({
  description: 'As many files of 1 KiB as are asked for, 20 in a directory.',

  attributes: z.strictObject({ count: z.int().min(1).default(1000).describe('How many.') }),

  declare({ attributes, directory, file, text }) {
    const { directories, files } = filesIn('/srv/many', attributes.count)
    for (const path of directories) directory(path, { mode: '0755', owner: 'root', group: 'root' })
    for (const { path, content } of files) {
      file(path, { content: text(content), mode: '0644', owner: 'root', group: 'root' })
    }
  },
})
