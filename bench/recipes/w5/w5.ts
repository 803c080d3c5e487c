import { defineRecipe } from 'trivet/recipe'
import { directory as folder, file as one } from './wanted.ts'

export default defineRecipe({
  description: 'Work set W5: one file.',

  declare({ directory, file, text }) {
    directory(folder, { mode: '0755', owner: 'root', group: 'root' })
    file(one.path, { content: text(one.content), mode: '0644', owner: 'root', group: 'root' })
  },
})
