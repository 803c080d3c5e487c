import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { command } from '../options.ts'
import { showDownload } from '../show-download.ts'
import { refuseToReplace, writeSafely } from '../write-safely.ts'

export const backup = command({
  usage: 'backup FILE [--force]',
  summary: "Save the server's whole store as one SQLite file, while the server goes on.",
  details:
    'The file is whole or not there at all, and only its owner may read it. To restore, put it in the place of the store of a stopped server.',
  flags: { force: { type: 'boolean', short: 'f' } },
  options: z.object({
    operands: z.tuple([z.string()]),
    force: z.boolean().default(false).describe('Replace a file that is already there.'),
  }),

  async run({ operands: [path], force }, context) {
    if (!force) await refuseToReplace(path)
    const client = await context.api()
    const parts = showDownload(client.download(api.backup, {}), { what: path, quiet: false }, context)
    await writeSafely(path, parts)
    context.output.note(`Saved to ${path}.`)
  },
})
