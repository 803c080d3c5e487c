import { z } from 'zod'
import { commandFailed, defineResource, differences, must } from './define.ts'
import { assertBlank, signatureOf } from './system/block-device.ts'
import type { Host } from './host.ts'
import { Path } from './names.ts'

const Props = z.strictObject({
  devices: z
    .array(Path.regex(/^\/dev\//, 'must be a device, such as /dev/sdb'))
    .nonempty()
    .describe('Devices that its group is to have; those that it has besides stay. They must be blank.'),
})

export const logicalVolume = defineResource({
  type: 'logical_volume',
  summary:
    'A logical volume of LVM that has all the room of its group. Group and volume are made where they are missing, and grow with the devices.',
  example: `logical_volume('vg0/data', { devices: ['/dev/sdb'] })`,
  name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\/[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be GROUP/VOLUME, such as vg0/data'),
  props: Props,

  async check(name, { devices }, host) {
    const [group = '', volume = ''] = name.split('/')
    const { groupOf, free, volumes } = await readLvm(group, host)
    const wanted = Object.fromEntries(devices.map((device) => [device, group]))
    return [
      ...differences(Object.fromEntries(groupOf), wanted),
      ...differences(
        { volume: volumes.includes(volume) ? 'present' : undefined, free },
        { volume: 'present', free: volumes.includes(volume) ? '0' : undefined },
      ),
    ]
  },

  async apply(name, { devices }, host) {
    const [group = '', volume = ''] = name.split('/')
    const before = await readLvm(group, host)
    const more = devices.filter((device) => before.groupOf.get(device) !== group)
    for (const device of more) await prepare(device, before.groupOf.get(device), host)
    const verb = before.free === undefined ? 'vgcreate' : 'vgextend'
    if (more.length > 0) await must(host, [verb, group, ...more])
    const { free } = await readLvm(group, host)
    if (!before.volumes.includes(volume))
      await must(host, ['lvcreate', '--yes', '--extents', '100%FREE', '--name', volume, group])
    else if (free !== '0') await must(host, ['lvextend', '--extents', '+100%FREE', name])
  },

  async effects(name, { devices }, foreseen) {
    for (const device of devices)
      if (foreseen.files.stat(device) && (await signatureOf(device, { run: foreseen.look })) !== 'LVM2_member')
        await assertBlank(device, { run: foreseen.look })
    foreseen.mayBring(`the logical volume ${name}`)
  },
})

async function prepare(device: string, group: string | undefined, host: Host) {
  if (!host.files.stat(device)) throw new Error(`There is no ${device}. Attach it, or name the one that is there.`)
  if (group) throw new Error(`${device} is in the group ${group} of LVM, and nothing was changed. Take it out there.`)
  // Of LVM and in no group: left by a run that ended between the two.
  if (group === '') return
  await assertBlank(device, host)
  await must(host, ['pvcreate', device])
}

/** Groups by device, '' of one in none; free extents of the group, undefined where there is no such group; its volumes. */
async function readLvm(group: string, host: Host) {
  const devices = await report(['pvs', '--options', 'pv_name,vg_name'], host)
  const groups = await report(['vgs', '--options', 'vg_name,vg_free_count'], host)
  const volumes = await report(['lvs', '--options', 'vg_name,lv_name'], host)
  return {
    groupOf: new Map(devices.map(([device = '', of = '']) => [device, of])),
    free: groups.find(([name]) => name === group)?.[1],
    volumes: volumes.flatMap(([of, name = '']) => (of === group ? [name] : [])),
  }
}

async function report(argv: [string, ...string[]], host: Host) {
  const whole = [...argv, '--noheadings', '--separator', ':']
  if (!host.files.stat(`/usr/sbin/${argv[0]}`)) return []
  const result = await host.run(whole)
  if (result.exitCode !== 0) throw new Error(commandFailed(whole, result))
  return result.stdout
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([first]) => first)
}
