import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { versionIn } from './packages/deb-file.ts'
import { defineResource, differences } from './define.ts'
import type { Host } from './host.ts'
import { PackageName, Path } from './names.ts'
import { foreseePackages } from './packages/pkg-foreseen.ts'
import { changePackages } from './packages/pkg-transactions.ts'

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent', 'purged'])
    .default('present')
    .describe('Whether it is to be installed; purged means that its configuration goes too.'),
  version: z
    .string()
    .regex(/^[0-9][A-Za-z0-9.+:~-]*$/, 'must be a version as dpkg writes it, such as 2.6.12-1+deb12u4')
    .optional()
    .describe('Exactly this version, also if that is older. Left out, any version will do and none is upgraded.'),
  deb: Path.endsWith('.deb')
    .optional()
    .describe(
      'A file on the node from which it is installed, in just the version that the file has; what it depends on comes from the sources.',
    ),
  hold: z
    .boolean()
    .optional()
    .describe('Whether apt must leave it as it is, whatever else it installs. Left out, it is not managed.'),
  recommends: z
    .boolean()
    .optional()
    .describe("Whether what it recommends comes along. Left out, apt's own setting decides."),
})
type Want = z.infer<typeof Props>

export const pkg = defineResource({
  type: 'pkg',
  summary: 'A Debian package. Neighbours in a recipe are installed and removed in one transaction.',
  example: `pkg('haproxy', { version: '2.6.12-1+deb12u4', hold: true })
pkg('chrony', { recommends: false })
pkg('exim4-base', { ensure: 'purged' })
pkg('consul', { deb: '/srv/consul_1.8.7_all.deb' })`,
  name: PackageName,
  props: Props,
  problem: (_name, { ensure, version, deb, hold, recommends }) =>
    ensure !== 'present' && [version, deb, hold, recommends].some((said) => said !== undefined)
      ? `is to be ${ensure}, so version, deb, hold and recommends have no meaning. Leave them out.`
      : undefined,

  check(name, want, host) {
    const { deb, version } = want
    // A version that is named spares the process that would read it from the file.
    if (want.ensure !== 'present' || deb === undefined || version !== undefined)
      return differencesOf(name, want, version, host)
    return versionIn(deb, host).then((found) => differencesOf(name, want, found ?? `that of ${deb}`, host))
  },

  async apply(name, want, host, changes) {
    const failed = await changePackages([{ name, want, changes }], host)
    for (const error of failed.values()) throw error
  },

  applyMany: changePackages,
  effectsMany: foreseePackages,
})

function differencesOf(name: string, want: Want, version: string | undefined, host: Host): Change[] {
  const found = host.packages().get(name)
  const state = stateOf(found?.status)
  if (want.ensure === 'absent' && state === 'purged') return []
  // To those who want it present or absent, a purged package is just absent.
  const ensure = state === 'purged' && want.ensure !== 'purged' ? 'absent' : state
  const current = {
    ensure,
    version: state === 'present' ? found?.version : undefined,
    hold: String(found?.hold ?? false),
  }
  if (want.ensure !== 'present') return differences(current, { ensure: want.ensure })
  return differences(current, { ensure: 'present', version, hold: want.hold?.toString() })
}

function stateOf(status: string | undefined) {
  if (status === undefined || status === 'not-installed') return 'purged'
  if (status === 'installed') return 'present'
  return status === 'config-files' ? 'absent' : status
}
