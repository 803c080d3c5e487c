import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences, must } from './define.ts'
import type { Host } from './host.ts'
import { AccountName, Owner, Path } from './names.ts'
import { gidOf, idShown, nameOf } from './files/ownership.ts'
import { foreseeUser } from './system/user-foreseen.ts'

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether the user is to be there. The home of a removed user stays.'),
  uid: z
    .int()
    .min(0)
    .max(2 ** 32 - 2)
    .optional()
    .describe('Its number. Left out, the node chooses one.'),
  group: Owner.optional().describe('Its main group, by name or number. Left out, a new user gets one of its own name.'),
  groups: z
    .array(AccountName)
    .default([])
    .describe('Further groups that it must be in; others that it is in are left alone.'),
  home: Path.optional().describe('Its home directory. When it changes, nothing is moved.'),
  createHome: z.boolean().default(false).describe('Whether the home directory is made where it is missing.'),
  shell: Path.optional().describe('Its login shell, such as /usr/sbin/nologin.'),
  comment: z
    .string()
    .regex(/^[^:\n]*$/, 'cannot contain a colon or a line break')
    .optional()
    .describe('Its full name, or what it is for.'),
  system: z.boolean().default(false).describe('Whether a new user gets a number of the range for systems.'),
})
type Want = z.infer<typeof Props>

export const user = defineResource({
  type: 'user',
  summary: 'A local user. A new one has no password, so nobody can log in with one.',
  example:
    "user('web', { system: true, home: '/var/lib/web', createHome: true, shell: '/usr/sbin/nologin', groups: ['ssl-cert'] })",
  name: AccountName,
  props: Props,

  check(name, want, host) {
    const found = host.users().get(name)
    const ensure = found ? 'present' : 'absent'
    if (want.ensure === 'absent') return differences({ ensure }, { ensure: 'absent' })
    const { comment, home, shell } = found ?? {}
    const current = {
      ensure,
      uid: found && idShown(found.uid),
      group: found && groupShown(found.gid, want, host),
      comment,
      home,
      shell,
    }
    const wanted = {
      ensure: 'present',
      uid: want.uid?.toString(),
      group: want.group,
      comment: want.comment,
      home: want.home,
      shell: want.shell,
    }
    return [
      ...differences(current, wanted),
      ...missingGroups(name, want, host),
      ...missingHome(want.home ?? home, want, host),
    ]
  },

  async apply(name, want, host, changes) {
    const what = changes.map((change) => change.what)
    const argv = commandFor(name, want, host, what)
    if (argv) await must(host, argv)
    if (what.includes('home directory') && !what.includes('ensure')) makeHome(name, want, host)
  },

  effects: foreseeUser,
})

function commandFor(name: string, want: Want, host: Host, what: string[]) {
  if (want.ensure === 'absent') return ['userdel', '--', name]
  if (what.includes('ensure')) return ['useradd', ...flagsForNew(name, want, host), '--', name]
  const flags = flagsFor(what, want)
  return flags.length > 0 ? ['usermod', ...flags, '--', name] : undefined
}

function groupShown(gid: number, want: Want, host: Host) {
  return gid === gidOf(want.group, host) ? want.group : nameOf(gid, 'gid', host.groups())
}

function missingGroups(name: string, want: Want, host: Host): Change[] {
  const has = want.groups.filter((one) => host.groups().get(one)?.members.includes(name))
  return differences({ groups: has.join(',') || undefined }, { groups: want.groups.join(',') || undefined })
}

function missingHome(home: string | undefined, want: Want, { files }: Host) {
  return want.createHome && home && !files.stat(home) ? [{ what: 'home directory', from: null, to: home }] : []
}

function flagsFor(what: string[], want: Want) {
  const changed = (prop: string) => what.includes(prop)
  return [
    ...(changed('uid') ? ['--uid', String(want.uid)] : []),
    ...(changed('group') ? ['--gid', String(want.group)] : []),
    ...(changed('home') ? ['--home', String(want.home)] : []),
    ...(changed('shell') ? ['--shell', String(want.shell)] : []),
    ...(changed('comment') ? ['--comment', String(want.comment)] : []),
    ...(changed('groups') ? ['--append', '--groups', want.groups.join(',')] : []),
  ]
}

function flagsForNew(name: string, want: Want, host: Host) {
  // useradd refuses where a group of the user's name is there already, unless that is what was asked for.
  const group = want.group ?? (host.groups().has(name) ? name : undefined)
  return [
    want.createHome ? '--create-home' : '--no-create-home',
    ...(want.system ? ['--system'] : []),
    ...(want.uid === undefined ? [] : ['--uid', String(want.uid)]),
    ...(group === undefined ? ['--user-group'] : ['--gid', group]),
    ...(want.groups.length === 0 ? [] : ['--groups', want.groups.join(',')]),
    ...(want.home === undefined ? [] : ['--home-dir', want.home]),
    ...(want.shell === undefined ? [] : ['--shell', want.shell]),
    ...(want.comment === undefined ? [] : ['--comment', want.comment]),
  ]
}

function makeHome(name: string, want: Want, host: Host) {
  host.changed()
  const found = host.users().get(name)
  const home = want.home ?? found?.home
  if (!found || !home) throw new Error(`User ${name} has no home to make. Give user[${name}] a home.`)
  host.files.makeDirectory(home, { mode: 0o700, uid: found.uid, gid: found.gid })
}
