import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'How the node is to be after the run that dies or fails, and after all that come to its rescue.',
  attributes: z.strictObject({
    root: z.string(),
    load: z.tuple([z.string()], z.string()),
    url: z.string(),
    sha256: z.string(),
    archive: z.string(),
  }),
  declare({
    attributes: { root, load, url, sha256, archive: packed },
    archive,
    directory,
    exec,
    file,
    line,
    link,
    remote_file,
  }) {
    const notifies = { run: 'exec[load]' } as const
    file(`${root}/conf`, { content: 'new\n'.repeat(3000), mode: '0640', notifies })
    file(`${root}/secret`, { content: 'secret', mode: '0600', owner: '1', group: '1', notifies })
    file(`${root}/readable`, { content: 'to be read', mode: '0440', owner: '1', group: '1' })
    // For its old group it must not become its new owner's first, nor the other way round.
    file(`${root}/access`, { content: 'the same', mode: '0604', owner: '1', group: '1', notifies })
    directory(`${root}/folder`, { mode: '0550', owner: '1', group: '1' })
    file(`${root}/folder/inner`, { content: 'inner' })
    directory(`${root}/tightened`, { mode: '0700', owner: '1', group: '1' })
    link(`${root}/link`, { target: 'new-target', notifies })
    file(`${root}/gone`, { ensure: 'absent', notifies })
    directory(`${root}/tree`, { ensure: 'absent', force: true })
    archive(`${root}/app`, { file: packed })
    line(`${root}/lines#c`, { line: 'c', notifies })
    remote_file(`${root}/fetched`, { url, sha256 })
    // The first try makes a directory and fails, the second makes what is asked for.
    const twice = ['sh', '-c', 'mkdir "$0.d" && exit 1; touch "$0"', `${root}/flaky`] as const
    exec('twice', { argv: [...twice], creates: `${root}/flaky`, retries: 1, retryDelayMs: 1 })
    exec('load', { argv: load, refreshOnly: true })
  },
})
