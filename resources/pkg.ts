import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import { apt, finishInterrupted, refreshLists, whyNotInstallable } from './apt.ts'
import { defineResource, type Differing, differences } from './define.ts'
import type { Host } from './host.ts'
import { PackageName } from './names.ts'

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
  recommends: z
    .boolean()
    .optional()
    .describe("Whether what it recommends comes along. Left out, apt's own setting decides."),
})
type Want = z.infer<typeof Props>
type Item = Differing<Want>

export const pkg = defineResource({
  type: 'pkg',
  summary: 'A Debian package. Neighbours in a recipe are installed and removed in one transaction.',
  example: `pkg('haproxy')
pkg('zookeeper', { version: '3.8.0-11+deb12u2', recommends: false })
pkg('exim4-base', { ensure: 'purged' })`,
  name: PackageName,
  props: Props,
  problem: (_name, { ensure, version, recommends }) =>
    ensure !== 'present' && (version !== undefined || recommends !== undefined)
      ? `is to be ${ensure}, so version and recommends have no meaning. Leave them out.`
      : undefined,

  check(name, want, host) {
    const found = host.packages().get(name)
    const gone = !found || found.status === 'not-installed'
    const state = gone
      ? 'purged'
      : found.status === 'installed'
        ? 'present'
        : found.status === 'config-files'
          ? 'absent'
          : found.status
    if (want.ensure === 'absent' && gone) return []
    const version = state === 'present' ? found?.version : undefined
    return differences({ ensure: shownState(state, want), version }, { ensure: want.ensure, version: want.version })
  },

  async apply(name, want, host, changes) {
    const failed = await applyMany([{ name, want, changes }], host)
    for (const error of failed.values()) throw error
  },

  applyMany,
})

/** To those who want it present or absent, a purged package is just absent. */
function shownState(state: string, want: Want) {
  return state === 'purged' && want.ensure !== 'purged' ? 'absent' : state
}

async function applyMany(items: Item[], host: Host): Promise<Map<string, Error>> {
  if (isInterrupted(host)) {
    await finishInterrupted(host)
    host.changed()
  }
  const wanted = items.filter(({ want }) => want.ensure === 'present')
  const failed = await whyNotInstallable(new Map(wanted.map(({ name, want }) => [name, want.version])), host)
  for (const group of transactions(items.filter(({ name }) => !failed.has(name))))
    for (const [name, error] of await transact(group, host)) failed.set(name, error)
  return failed
}

const unfinished = ['half-installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending']

function isInterrupted(host: Host) {
  return [...host.packages().values()].some(({ status }) => unfinished.includes(status))
}

interface Transaction {
  verb: 'install' | 'purge'
  flags: string[]
  items: Item[]
}

/** As few as apt can do: whether recommended packages come along, and purging, are said for a whole transaction. */
function transactions(items: Item[]): Transaction[] {
  const purged = items.filter(({ want }) => want.ensure === 'purged')
  const rest = items.filter(({ want }) => want.ensure !== 'purged')
  // Removals go with the first, so that a package can take the place of another.
  const choices = [...new Set(rest.filter(({ want }) => want.ensure === 'present').map(({ want }) => want.recommends))]
  const first = choices.length > 0 ? choices[0] : undefined
  const groups = (choices.length > 0 ? choices : [undefined]).map((recommends) => ({
    verb: 'install' as const,
    flags: flagsFor(recommends),
    items: rest.filter(({ want }) =>
      want.ensure === 'absent' ? recommends === first : want.recommends === recommends,
    ),
  }))
  return [...groups, { verb: 'purge' as const, flags: [], items: purged }].filter((group) => group.items.length > 0)
}

function flagsFor(recommends: boolean | undefined) {
  if (recommends === undefined) return []
  return [recommends ? '--install-recommends' : '--no-install-recommends']
}

/** If all together fail, each is tried alone, so that one broken package does not keep its neighbours out. */
async function transact({ verb, flags, items }: Transaction, host: Host): Promise<Map<string, Error>> {
  const downgrade = items.some(({ want }) => want.version) ? ['--allow-downgrades'] : []
  try {
    await aptMendingOnce(verb, [...flags, ...downgrade], items.map(operandOf), host)
    return new Map()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (items.length === 1 || error.message.includes('lock-frontend'))
      return new Map(items.map(({ name }) => [name, error]))
    const alone = new Map<string, Error>()
    for (const item of items)
      for (const [name, why] of await transact({ verb, flags, items: [item] }, host)) alone.set(name, why)
    return alone
  } finally {
    host.changed()
  }
}

/** Twice at most: the lists may be older than the mirror, and dpkg's journal may tell of an interruption that its status does not. */
async function aptMendingOnce(verb: string, flags: string[], operands: string[], host: Host) {
  try {
    await apt(host, verb, flags, operands)
  } catch (error) {
    const said = messageOf(error)
    if (said.includes('dpkg was interrupted')) await finishInterrupted(host)
    else if (/404 |apt-get update/.test(said)) await refreshLists(host)
    else throw error
    await apt(host, verb, flags, operands)
  }
}

function operandOf({ name, want: { ensure, version } }: Item) {
  if (ensure === 'absent') return `${name}-`
  return version ? `${name}=${version}` : name
}
