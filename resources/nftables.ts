import { z } from 'zod'
import { BlobRef } from '../protocol/catalog.ts'
import type { Change } from '../protocol/events.ts'
import { commandFailed, defineResource, differences, must } from './define.ts'
import { applyFile, checkFile, type FileWant } from './file.ts'
import type { Host } from './host.ts'
import { runIfThere } from './system/run-if-there.ts'
import { notLoaded, replacingText } from './system/nft-ruleset.ts'
import { linesOf, makeMissing, putText } from './files/text-file.ts'
import { givenJustWhenPresent } from './names.ts'

/** What nftables.service loads when the machine starts. */
const main = '/etc/nftables.conf'
const folder = '/etc/nftables.d'
const unit = 'nftables.service'
const empty = Buffer.alloc(0)

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether its tables are in the kernel and its file is there; absent takes away both.'),
  content: BlobRef.optional().describe(
    'The ruleset, as nft(8) reads it: text, a template or a source. Its tables are replaced as a whole; `flush ruleset` would take those of others too.',
  ),
})
type Want = z.infer<typeof Props>

export const nftables = defineResource({
  type: 'nftables',
  summary: `A ruleset of nftables: checked by nft, loaded in one step, and loaded at boot. Beside ${main} there may be others in ${folder}, which that one is made to include.`,
  example: `nftables('/etc/nftables.d/web.nft', { content: template('web.nft.njk', { from: '10.0.0.0/8' }) })`,
  name: z
    .string()
    .regex(
      /^\/etc\/nftables(\.conf|\.d\/[A-Za-z0-9_][A-Za-z0-9_.-]*\.nft)$/,
      `must be ${main}, or a file in ${folder} that ends in .nft`,
    ),
  props: Props,
  blobs: ['content'],
  problem: (_name, { ensure, content }) => givenJustWhenPresent('content', ensure, content !== undefined),
  units: () => [unit],
  paths: (name) => [name, main],
  edits: () => main,

  async check(name, want, host) {
    const isPresent = want.ensure === 'present'
    const isEnabled = (await host.unit(unit)).UnitFileState === 'enabled'
    const boot = isPresent || name === main ? String(isPresent) : undefined
    const included = name === main ? undefined : String(isPresent)
    return [
      ...(await checkFile(name, asFile(want), host)),
      ...(want.content ? await notLoaded(host.readBlob(want.content), host) : []),
      ...differences(
        { included: String(isIncluded(name, want, host.files)), 'at boot': String(isEnabled) },
        { included, 'at boot': boot },
      ),
    ]
  },

  async apply(name, want, host, changes) {
    const input = await loading(name, want, host, host)
    await must(host, ['nft', '--check', '--file', '-'], { input })
    // The kernel refuses some of what the check lets pass, as jumps in a circle: that must not be there at the next boot.
    await must(host, ['nft', '--file', '-'], { input })
    await writeFiles(name, want, host, changes)
    const boot = changes.find(({ what }) => what === 'at boot')
    if (boot) await must(host, ['systemctl', boot.to === 'true' ? 'enable' : 'disable', '--', unit])
  },

  async effects(name, want, foreseen, changes) {
    const looking = { run: foreseen.look }
    const argv = ['nft', '--check', '--file', '-']
    const input = await loading(name, want, foreseen, looking)
    const checked = await runIfThere(looking, argv, { input })
    if (checked && checked.exitCode !== 0) throw new Error(commandFailed(argv, checked))
    if (!checked && foreseen.packages().get('nftables')?.status !== 'installed')
      throw new Error(`There is no nft on this node. Declare pkg[nftables] before nftables[${name}].`)
    await writeFiles(name, want, foreseen, changes)
    const boot = changes.find(({ what }) => what === 'at boot')
    if (boot) foreseen.foreseeUnit(unit, { UnitFileState: boot.to === 'true' ? 'enabled' : 'disabled' })
  },
})

function asFile({ ensure, content }: Want): FileWant {
  return { ensure, content, backup: true }
}

/** The old file's tables go in the same step as the new ones come. */
async function loading(name: string, { content }: Want, host: Host, looking: Pick<Host, 'run'>) {
  const old = host.files.stat(name)?.kind === 'file' ? host.files.read(name) : empty
  return replacingText(old, content ? host.readBlob(content) : empty, looking)
}

async function writeFiles(name: string, want: Want, host: Host, changes: Change[]) {
  const { files } = host
  if (name !== main) makeMissing(folder, host)
  if (changes.some(({ what }) => ['ensure', 'type', 'content'].includes(what)))
    await applyFile(name, asFile(want), host, changes)
  if (!changes.some(({ what }) => what === 'included')) return
  const before = files.stat(main) ? files.read(main).toString() : '#!/usr/sbin/nft -f\n\nflush ruleset\n'
  const others = before
    .trimEnd()
    .split('\n')
    .filter((line) => line.trim() !== includeOf(name))
  await putText(main, [...others, ...(want.ensure === 'present' ? [includeOf(name)] : []), ''].join('\n'), host)
}

function includeOf(path: string) {
  return `include "${path}"`
}

/** By a pattern too, but that does not go with one file. */
function isIncluded(name: string, { ensure }: Want, files: Host['files']) {
  const wanted = [includeOf(name), ...(ensure === 'present' ? [includeOf(`${folder}/*.nft`)] : [])]
  return linesOf(main, files).some((line) => wanted.includes(line.trim()))
}
