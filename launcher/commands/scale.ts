import { chmod, realpath, stat } from 'node:fs/promises'
import { isScalar, parseDocument } from 'yaml'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { writeSafely } from '../../cli/write-safely.ts'
import { Name } from '../../protocol/name.ts'
import { checkedClusterFile, readText, withSite } from '../open-site.ts'
import type { ClusterFile } from '../cluster-file.ts'
import { command, filePath, siteFlags, siteUsage, yesFlag } from '../options.ts'
import { lives, type Site, wantedNodes } from '../site.ts'
import { upOptions, upWith } from './up.ts'

const Count = z.string().regex(/^[+]?\d{1,4}$/, 'how many there are to be, as 5, or how many more, as +1')

export const scale = command({
  usage: `launch scale FILE GROUP COUNT [--yes] [--keep-on-failure] ${siteUsage}`,
  summary: 'Make a group have another count of nodes, and write that into the cluster file.',
  details: `COUNT is how many nodes the group is to have, or with a + how many more: trivet launch scale cluster.yaml slave +1
The rest of the file stays as it is, with its comments. Nodes that are too many are those with the highest numbers. Until you have said yes, nothing is written.
A + is refused while nodes are missing that the file asks for already: it may be a scale that was cut off.`,
  flags: { ...yesFlag, 'keep-on-failure': { type: 'boolean' }, ...siteFlags },
  options: z.object({ operands: z.tuple([filePath, Name, Count]), ...upOptions() }),

  async run({ operands: [path, group, count], ...asked }, context) {
    const before = await readText(path)
    const text = withCount(before, { path, group, count })
    const write = () => writeInPlace(path, text)
    return withSite(checkedClusterFile(text, path), asked, context, async (site) => {
      if (count.startsWith('+')) await requireWhole(group, checkedClusterFile(before, path), site, path)
      await upWith(site, asked, context, write)
    })
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

/** One more than what is not there yet may be one that a scale which was cut off has written already. */
async function requireWhole(group: string, file: ClusterFile, { lookout, book }: Site, path: string) {
  const { machines } = await lookout.look()
  const isThere = (node: string) =>
    !book.launchOf(node) && machines.some((machine) => machine.node === node && lives(machine))
  const missing = wantedNodes(file).filter(({ groupName, node }) => groupName === group && !isThere(node))
  if (missing.length === 0) return
  throw new CommandError(
    `${path} asks for ${missing.map(({ node }) => node).join(', ')} already, which is not made yet. Next: trivet launch up ${path}, or say how many of ${group} there are to be in all`,
  )
}

async function writeInPlace(path: string, text: string) {
  // Not the link in its place.
  const file = await realpath(path)
  const { mode } = await stat(file)
  await writeSafely(file, [text])
  await chmod(file, mode & 0o777)
}
