import { defineRecipe, type RecipeContext } from 'trivet/recipe'
import { z } from 'zod'

const Device = z.string().regex(/^\/dev\/\S+$/, 'must be a device, such as /dev/sdb')
const MountPoint = z.string().regex(/^\/\S+$/, 'must be an absolute path')
const Type = z.enum(['ext4', 'xfs']).default('ext4').describe('The kind of file system.')
const Options = z.array(z.string()).nonempty().default(['defaults', 'nofail']).describe('As in mount(8).')

const Disk = z.strictObject({
  device: Device.describe('A whole device. It is only ever touched when it is blank, or has the wanted file system.'),
  path: MountPoint.describe('Where it is mounted.'),
  type: Type,
  options: Options,
})

const Lvm = z.strictObject({
  devices: z.array(Device).nonempty().describe('Blank devices by which the group grows.'),
  group: z.string().describe('The group; made where there is none.'),
  volume: z.string().describe('The logical volume that gets all room of the group; made where there is none.'),
  path: MountPoint.optional().describe(
    'Where it is mounted. Left out, that is not managed: so for a volume that is mounted already, such as the root.',
  ),
  type: Type,
  options: Options,
})

const Partition = z.strictObject({
  disk: Device.describe('The disk that became larger, such as /dev/sda.'),
  number: z.int().min(1).describe('The number of its last partition, which gets the room.'),
  device: Device.describe('The device of that partition, such as /dev/sda1 or /dev/nvme0n1p1.'),
  type: Type,
})

const Attributes = z.strictObject({
  disk: Disk.optional().describe('A disk of its own, formatted and mounted.'),
  lvm: Lvm.optional().describe('Devices by which a logical volume grows.'),
  partition: Partition.optional().describe('A partition that grows with its disk.'),
})
type Context = RecipeContext<z.output<typeof Attributes>>

/** What has mkfs and the rest. */
const tools = { ext4: 'e2fsprogs', xfs: 'xfsprogs' }

export default defineRecipe({
  description:
    'Room for data: a disk of its own, a logical volume or a partition that grows. Only named devices are touched.',

  attributes: Attributes,

  declare(context) {
    const { disk, lvm, partition } = context.attributes
    const types = [disk, lvm, partition].flatMap((one) => (one ? [tools[one.type]] : []))
    for (const name of new Set(types)) context.pkg(name, { recommends: false })
    if (partition) grow(partition, context)
    if (disk) place(disk, context)
    if (!lvm) return
    const { group, volume, devices, path, ...rest } = lvm
    context.pkg('lvm2', { recommends: false })
    context.logical_volume(`${group}/${volume}`, { devices })
    const device = `/dev/${group}/${volume}`
    if (path === undefined) context.file_system(device, { type: lvm.type })
    else place({ device, path, ...rest }, context)
  },
})

function place({ device, path, type, options }: z.output<typeof Disk>, { directory, file_system, mount }: Context) {
  file_system(device, { type })
  directory(path, { mode: '0755' })
  mount(path, { device, fstype: type, options, pass: 2 })
}

function grow({ disk, number, device, type }: z.output<typeof Partition>, { exec, file_system, pkg }: Context) {
  pkg('cloud-guest-utils', { recommends: false })
  exec(`grow partition ${number} of ${disk}`, {
    argv: ['growpart', disk, String(number)],
    // Exits with 0 only where there is room to grow into.
    onlyIf: ['growpart', '--dry-run', disk, String(number)],
  })
  file_system(device, { type })
}
