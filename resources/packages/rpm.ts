import type { Host } from '../host.ts'
import { oncePerPass } from '../once-per-pass.ts'
import { runIfThere } from '../system/run-if-there.ts'

/** The installed RPMs by name, each with all versions of it that are installed side by side: `[EPOCH:]VERSION-RELEASE`. */
type Rpms = Map<string, string[]>

/** One `rpm -qa` for all that look in one pass. */
export const rpmsOn = oncePerPass(readRpms)

async function readRpms(host: Host) {
  const format = '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n'
  const result = await runIfThere(host, ['rpm', '--query', '--all', '--queryformat', format])
  const rpms: Rpms = new Map()
  for (const [, name = '', version = ''] of result?.stdout.matchAll(/^(\S+) (\S+)$/gm) ?? [])
    rpms.set(name, [...(rpms.get(name) ?? []), withoutEpoch0(version)])
  return rpms
}

/** No epoch and epoch 0 are the same. */
export function withoutEpoch0(version: string) {
  return version.replace(/^0:/, '')
}
