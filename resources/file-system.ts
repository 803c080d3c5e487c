import { z } from 'zod'
import { commandFailed, defineResource, differences, must } from './define.ts'
import { assertBlank, bytesOf, signatureOf } from './system/block-device.ts'
import type { Host } from './host.ts'
import { Path } from './names.ts'

const Props = z.strictObject({
  type: z
    .enum(['ext4', 'xfs'])
    .describe('The kind of file system. A device with another, or with anything else, is left alone.'),
  grow: z
    .boolean()
    .default(true)
    .describe('Whether it grows with its device. An xfs only does so while it is mounted.'),
})
type Want = z.infer<typeof Props>

/** What a file system may leave of its device: the last group, where that would hold nothing but its own tables. */
const slack = 64 * 1024 * 1024

export const fileSystem = defineResource({
  type: 'file_system',
  summary: 'A file system on a device: made where the device is blank, and grown where it is smaller than that.',
  example: `file_system('/dev/sdb', { type: 'ext4' })`,
  name: Path.regex(/^\/dev\//, 'must be a device, such as /dev/sdb'),
  props: Props,

  async check(device, want, host) {
    if (!host.files.stat(device)) return [{ what: 'device', from: null, to: want.type }]
    const found = await signatureOf(device, host)
    if (found !== want.type) return differences({ type: found ?? undefined }, { type: want.type })
    const [has, could] = want.grow ? await sizesOf(device, want, host) : [0, 0]
    return could - has > slack ? differences({ bytes: String(has) }, { bytes: String(could) }) : []
  },

  async apply(device, want, host, changes) {
    if (!host.files.stat(device)) throw new Error(`There is no ${device}. Attach it, or name the one that is there.`)
    if (changes.some(({ what }) => what === 'type')) {
      await assertBlank(device, host)
      await must(host, [`mkfs.${want.type}`, '-q', device])
    } else await grow(device, want, host)
  },

  async effects(device, want, foreseen, changes) {
    const host = { run: foreseen.look }
    if (foreseen.files.stat(device) && changes.some(({ what }) => what === 'type')) await assertBlank(device, host)
    foreseen.mayBring(`${want.type} on ${device}`)
  },
})

/** Of the file system, and of its device. */
async function sizesOf(device: string, { type }: Want, host: Host): Promise<[number, number]> {
  const could = await bytesOf(device, host)
  if (type === 'ext4') {
    const { stdout: header } = await must(host, ['dumpe2fs', '-h', device])
    return [numberIn(header, /^Block count: +(\d+)$/m) * numberIn(header, /^Block size: +(\d+)$/m), could]
  }
  const mountedAt = await whereMounted(device, host)
  if (mountedAt === undefined) return [could, could]
  const [, size, blocks] =
    /^data +=.*bsize=(\d+) +blocks=(\d+)/m.exec((await must(host, ['xfs_info', mountedAt])).stdout) ?? []
  return [Number(size) * Number(blocks), could]
}

async function grow(device: string, { type }: Want, host: Host) {
  const mountedAt = await whereMounted(device, host)
  if (type === 'xfs' && mountedAt !== undefined) await must(host, ['xfs_growfs', mountedAt])
  if (type === 'xfs') return
  if (mountedAt === undefined) await mend(device, host)
  await must(host, ['resize2fs', device])
}

/** As resize2fs wants it of what is not mounted. */
async function mend(device: string, host: Host) {
  const argv = ['e2fsck', '-f', '-p', device]
  const result = await host.run(argv)
  if (result.exitCode > 1) throw new Error(commandFailed(argv, result))
}

async function whereMounted(device: string, host: Host) {
  const { stdout } = await host.run([
    'findmnt',
    '--noheadings',
    '--first-only',
    '--output',
    'TARGET',
    '--source',
    device,
  ])
  return stdout.trim() || undefined
}

function numberIn(text: string, pattern: RegExp) {
  return Number(pattern.exec(text)?.[1])
}
