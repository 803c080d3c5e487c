import { z } from 'zod'
import { clusterFileSchema } from '../cluster-file.ts'
import { command } from '../options.ts'

export const schema = command({
  usage: 'launch schema',
  summary: 'Print the JSON schema of cluster files, by which editors complete and check them.',
  options: z.object({}),
  async run(_options, { output }) {
    output.json(clusterFileSchema())
  },
})
