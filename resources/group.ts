import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences, must } from './define.ts'
import { idShown } from './files/ownership.ts'
import { AccountName } from './names.ts'
import { assertFree, foreseeGid, foreseeGroupGone, foreseeMembers, unknownId } from './system/accounts-foreseen.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the group is to be there.'),
  gid: z
    .int()
    .min(0)
    .max(2 ** 32 - 2)
    .optional()
    .describe('Its number. Left out, the node chooses one.'),
  system: z.boolean().default(false).describe('Whether a new group gets a number of the range for systems.'),
  members: z
    .array(AccountName)
    .optional()
    .describe('Exactly those whom it has as a further group. Left out, each user says so for itself.'),
})
type Want = z.infer<typeof Props>

export const group = defineResource({
  type: 'group',
  summary: 'A local group.',
  example: "group('operators', { gid: 3000, members: ['alice', 'bob'] })",
  name: AccountName,
  props: Props,

  check(name, want, host) {
    const found = host.groups().get(name)
    const ensure = found ? 'present' : 'absent'
    if (want.ensure === 'absent') return differences({ ensure }, { ensure: 'absent' })
    const current = { ensure, gid: found && idShown(found.gid), members: found && listed(found.members) }
    return differences(current, {
      ensure: 'present',
      gid: want.gid?.toString(),
      members: want.members && listed(want.members),
    })
  },

  async apply(name, want, host, changes) {
    for (const argv of commandsFor(name, want, changes)) await must(host, argv)
  },

  effects(name, { ensure, gid, members }, foreseen) {
    if (ensure === 'absent') return foreseeGroupGone(name, foreseen)
    const groups = foreseen.groups()
    const found = groups.get(name)
    if (!found) {
      assertFree('GID', gid, groups)
      groups.set(name, { gid: gid ?? unknownId(groups), members: [] })
    } else if (gid !== undefined && gid !== found.gid) foreseeGid(name, found, gid, foreseen)
    if (members) foreseeMembers(name, members, foreseen)
  },
})

function commandsFor(name: string, { ensure, gid, system, members }: Want, changes: Change[]) {
  if (ensure === 'absent') return [['groupdel', '--', name]]
  const changed = (what: string) => changes.some((change) => change.what === what)
  const number = gid === undefined ? [] : ['--gid', String(gid)]
  const commands: [boolean, string[]][] = [
    [changed('ensure'), ['groupadd', ...number, ...(system ? ['--system'] : []), '--', name]],
    [changed('gid') && !changed('ensure'), ['groupmod', ...number, '--', name]],
    [changed('members'), ['gpasswd', '--members', (members ?? []).join(','), '--', name]],
  ]
  return commands.filter(([needed]) => needed).map(([, argv]) => argv)
}

function listed(members: string[]) {
  return members.toSorted().join(',') || '(none)'
}
