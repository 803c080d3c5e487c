import { commandFailed, must } from '../define.ts'
import type { Host } from '../host.ts'

type Runner = Pick<Host, 'run'>

/** What is on a device, such as ext4, LVM2_member or a table of partitions; null where nothing is that anybody knows. */
export async function signatureOf(device: string, host: Runner) {
  const argv = ['blkid', '--probe', '--output', 'export', '--', device]
  const result = await host.run(argv)
  if (result.exitCode === 2) return null
  // 8: more than one signature, which is for a person to judge.
  if (result.exitCode !== 0) throw new Error(`${commandFailed(argv, result)} Look at ${device} with wipefs.`)
  const found = /^(?:TYPE|PTTYPE)=(.*)$/m.exec(result.stdout)?.[1]
  return found ?? null
}

/** Only what is blank is ever written to: whatever else is there may be somebody's data. */
export async function assertBlank(device: string, host: Runner) {
  const found = await signatureOf(device, host)
  if (found !== null)
    throw new Error(
      `${device} has ${found} on it, and nothing was changed. If nobody needs that, make it blank: wipefs --all ${device}`,
    )
}

export async function bytesOf(device: string, host: Host) {
  return Number((await must(host, ['blockdev', '--getsize64', device])).stdout)
}
