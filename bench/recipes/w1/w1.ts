import { defineRecipe } from 'trivet/recipe'
import { directories, files } from './wanted.ts'

export default defineRecipe({
  description: 'Work set W1: 1,000 files of 1 KiB in 50 directories.',

  declare({ directory, file, text }) {
    for (const path of directories) directory(path, { mode: '0755', owner: 'root', group: 'root' })
    for (const { path, content } of files) {
      file(path, { content: text(content), mode: '0644', owner: 'root', group: 'root' })
    }
  },
})
