import { chmod, realpath, stat } from 'node:fs/promises'
import { isScalar, parseDocument } from 'yaml'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { writeSafely } from '../../cli/write-safely.ts'
import { Name } from '../../protocol/name.ts'
import { checkedClusterFile, readText, withSite } from '../open-site.ts'
import { command, filePath, siteFlags, siteUsage, yesFlag } from '../options.ts'
import { upOptions, upWith } from './up.ts'

const Count = z.string().regex(/^[+]?\d{1,4}$/, 'how many there are to be, as 5, or how many more, as +1')

export const scale = command({
  usage: `launch scale FILE GROUP COUNT [--yes] [--keep-on-failure] ${siteUsage}`,
  summary: 'Make a group have another count of nodes, and write that into the cluster file.',
  details: `COUNT is how many nodes the group is to have, or with a + how many more: trivet launch scale cluster.yaml slave +1
The rest of the file stays as it is, with its comments. Nodes that are too many are those with the highest numbers. Until you have said yes, nothing is written.`,
  flags: { ...yesFlag, 'keep-on-failure': { type: 'boolean' }, ...siteFlags },
  options: z.object({ operands: z.tuple([filePath, Name, Count]), ...upOptions() }),

  async run({ operands: [path, group, count], ...asked }, context) {
    const text = withCount(await readText(path), { path, group, count })
    const write = () => writeInPlace(path, text)
    return withSite(checkedClusterFile(text, path), asked, context, (site) => upWith(site, asked, context, write))
  },
})

/** Leaves all else of the file as it is. */
function withCount(text: string, { path, group: name, count }: { path: string; group: string; count: string }) {
  const { groups } = checkedClusterFile(text, path)
  const group = groups[name]
  if (!group) throw new CommandError(`${path} has no group ${name}. It has: ${Object.keys(groups).join(', ')}`)
  const written = parseDocument(text).getIn(['groups', name, 'count'], true)
  if (!isScalar(written) || !written.range)
    throw new CommandError(`${path}: the count of ${name} is not written there as a number. Next: write it there`)
  const [from, to] = written.range
  const wanted = count.startsWith('+') ? group.count + Number(count) : Number(count)
  return `${text.slice(0, from)}${wanted}${text.slice(to)}`
}

async function writeInPlace(path: string, text: string) {
  // Not the link in its place.
  const file = await realpath(path)
  const { mode } = await stat(file)
  await writeSafely(file, [text])
  await chmod(file, mode & 0o777)
}
