import { existsSync } from 'node:fs'
import { must } from '../../lab/run.ts'

/** Installs what a test calls on this machine by the package of the same name, as a lab does with what it needs. */
export async function ensureTools(...names: string[]) {
  const missing = names.filter((name) => !existsSync(`/usr/bin/${name}`))
  if (missing.length === 0) return
  await must(['apt-get', 'update'])
  const waiting = ['-o', 'DPkg::Lock::Timeout=120']
  await must(['apt-get', ...waiting, 'install', '--yes', '--no-install-recommends', '--', ...missing])
}
