import { messageOf } from '../../protocol/errors.ts'
import { output, type Runner } from './apt.ts'
import type { Host } from '../host.ts'

/** The version in a .deb file; undefined where the file is not there yet. */
export async function versionIn(deb: string, host: Host) {
  return host.files.stat(deb) ? (await fieldsOf(deb, host)).get('Version') : undefined
}

/** Why this package, in this version, cannot be installed from the file; undefined if it can. */
export async function whyNotFrom(deb: string, name: string, version: string | undefined, runner: Runner) {
  const fields = await fieldsOf(deb, runner).catch((error: unknown) => messageOf(error))
  if (typeof fields === 'string')
    return `${deb} is no package that can be read. Declare what brings it above. ${fields}`
  const [is = '', has = ''] = ['Package', 'Version'].map((field) => fields.get(field))
  if (is !== name.replace(/:.*/, ''))
    return `${deb} has the package ${is}. Name the resource pkg[${is}], or another file.`
  if (version === undefined || version === has) return undefined
  return `${deb} has version ${has} of ${is}, not ${version}. Leave \`version\` out, or name another file.`
}

async function fieldsOf(deb: string, runner: Runner) {
  const said = await output(runner, ['dpkg-deb', '--field', deb, 'Package', 'Version'])
  return new Map([...said.matchAll(/^(\S+): (.+)$/gm)].map(([, field = '', value = '']) => [field, value]))
}
