import { chmod, readFile, stat } from 'node:fs/promises'
import { isScalar, parseDocument } from 'yaml'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { writeSafely } from '../../cli/write-safely.ts'
import { Name } from '../../protocol/name.ts'
import { readClusterFile, withSite } from '../open-site.ts'
import { command, filePath, siteFlags, siteUsage, yesFlag } from '../options.ts'
import { upOptions, upWith } from './up.ts'

const Count = z.string().regex(/^[+]?\d{1,4}$/, 'how many there are to be, as 5, or how many more, as +1')

export const scale = command({
  usage: `launch scale FILE GROUP COUNT [--yes] [--keep-on-failure] ${siteUsage}`,
  summary: 'Write another count of a group into the cluster file, and make it so.',
  details: `COUNT is how many nodes the group is to have, or with a + how many more: trivet launch scale cluster.yaml slave +1
The rest of the file stays as it is, with its comments. Nodes that are too many are those with the highest numbers.`,
  flags: { ...yesFlag, 'keep-on-failure': { type: 'boolean' }, ...siteFlags },
  options: z.object({ operands: z.tuple([filePath, Name, Count]), ...upOptions() }),

  async run({ operands: [path, group, count], ...asked }, context) {
    await writeCount(path, group, count)
    return withSite(path, asked, context, (site) => upWith(site, asked, context))
  },
})

/** Leaves all else of the file as it is. */
async function writeCount(path: string, groupName: string, count: string) {
  const { groups } = await readClusterFile(path)
  const group = groups[groupName]
  if (!group) throw new CommandError(`${path} has no group ${groupName}. It has: ${Object.keys(groups).join(', ')}`)
  const text = await readFile(path, 'utf8')
  const written = parseDocument(text).getIn(['groups', groupName, 'count'], true)
  if (!isScalar(written) || !written.range)
    throw new CommandError(`${path}: the count of ${groupName} is not written there as a number. Next: write it there`)
  const [from, to] = written.range
  const wanted = count.startsWith('+') ? group.count + Number(count) : Number(count)
  const { mode } = await stat(path)
  await writeSafely(path, [text.slice(0, from), String(wanted), text.slice(to)])
  await chmod(path, mode & 0o777)
}
