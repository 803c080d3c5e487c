import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'A few small files, on each of many nodes.',
  attributes: z.object({ word: z.string().default('hello') }),

  declare({ attributes, node, directory, file }) {
    directory('/etc/site')
    file('/etc/site/name', { content: `${node.name}\n` })
    for (const name of ['app.conf', 'limits.conf', 'log.conf'])
      file(`/etc/site/${name}`, { content: `word = ${attributes.word}\n` })
  },
})
