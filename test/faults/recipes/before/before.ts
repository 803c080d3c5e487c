import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'How the node is before the run that dies or fails.',
  attributes: z.strictObject({ root: z.string(), load: z.tuple([z.string()], z.string()), archive: z.string() }),
  declare({ attributes: { root, load, archive: packed }, archive, directory, exec, file, link }) {
    const notifies = { run: 'exec[load]' } as const
    file(`${root}/conf`, { content: 'old\n'.repeat(3000), mode: '0640', notifies })
    file(`${root}/access`, { content: 'the same', mode: '0640', owner: '0', group: '2', notifies })
    directory(`${root}/tightened`, { mode: '0755' })
    link(`${root}/link`, { target: 'old-target', notifies })
    file(`${root}/gone`, { content: 'not for long', notifies })
    directory(`${root}/tree`)
    archive(`${root}/app`, { file: packed })
    file(`${root}/tree/leaf`, { content: 'a leaf' })
    exec('load', { argv: load, refreshOnly: true })
  },
})
