import { z } from 'zod'
import { defineResource, differences } from './define.ts'
import { foreseeRpms } from './packages/dnf-foreseen.ts'
import { changeRpms } from './packages/dnf-transactions.ts'
import { rpmsOn, withoutEpoch0 } from './packages/rpm.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether it is to be installed.'),
  version: z
    .string()
    .regex(/^(\d+:)?[A-Za-z0-9._+~^]+-[A-Za-z0-9._+~^]+$/, 'must be VERSION-RELEASE, such as 2.4.62-1.el9 or 1:2.4-3')
    .optional()
    .describe('Exactly this version, also if that is older. Left out, any version will do and none is upgraded.'),
  recommends: z
    .boolean()
    .optional()
    .describe("Whether what it recommends comes along. Left out, dnf's own setting decides."),
})

export const dnf = defineResource({
  type: 'dnf',
  summary:
    'An RPM package, on a node that has dnf. Neighbours in a recipe are installed in one transaction, after those that go.',
  example: `dnf('httpd', { recommends: false })
dnf('postgresql-server', { version: '16.4-1.el9' })
dnf('sendmail', { ensure: 'absent' })`,
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9+._-]*$/, 'must be the name of an RPM, such as httpd'),
  props: Props,
  problem: (_name, { ensure, version, recommends }) =>
    ensure === 'absent' && (version !== undefined || recommends !== undefined)
      ? 'is to be absent, so version and recommends have no meaning. Leave them out.'
      : undefined,

  async check(name, want, host) {
    const versions = (await rpmsOn(host)).get(name) ?? []
    const ensure = versions.length > 0 ? 'present' : 'absent'
    const version = want.version && withoutEpoch0(want.version)
    const shown = version !== undefined && versions.includes(version) ? version : versions.at(-1)
    return differences({ ensure, version: shown }, { ensure: want.ensure, version })
  },

  async apply(name, want, host, changes) {
    const failed = await changeRpms([{ name, want, changes }], host)
    for (const error of failed.values()) throw error
  },

  applyMany: changeRpms,
  effectsMany: foreseeRpms,
})
