import { allOrEach } from './all-or-each.ts'
import { output } from './apt.ts'
import { commandFailed } from '../define.ts'
import { dnfArgv, type Item, specOf, transactions } from './dnf-transactions.ts'
import { changedByPlan } from '../foreseen/changes.ts'
import { foreseeGone } from '../foreseen/removal.ts'
import { type Foreseen, Unforeseeable } from '../host.ts'
import { rpmsOn, withoutEpoch0 } from './rpm.ts'
import { runIfThere } from '../system/run-if-there.ts'

/** What each plan has foreseen to be installed so far: dnf itself sees only what is. */
const planned = new WeakMap<Foreseen, string[]>()

/** Does what `changeRpms` does, but that dnf only shows what it would do, before it asks. */
export async function foreseeRpms(items: Item[], foreseen: Foreseen): Promise<Map<string, Error>> {
  const failed = new Map<string, Error>()
  const why = await whyUnknown(foreseen)
  for (const group of transactions(items)) {
    const act = why === undefined ? foresee : () => Promise.reject(new Unforeseeable(why))
    for (const [name, error] of await allOrEach(group, (some) => act(some, foreseen))) failed.set(name, error)
    for (const { name, want } of group)
      if (want.ensure === 'present' && (why !== undefined || !failed.has(name)))
        foreseen.mayBring(`dnf[${name}]`, 'packages')
  }
  return failed
}

async function whyUnknown(foreseen: Foreseen) {
  if (foreseen.packagesInDoubt !== undefined) return foreseen.packagesInDoubt
  const path = await changedByPlan(['/etc/dnf', '/etc/yum.repos.d'], foreseen)
  if (path !== undefined) return `${path} is to be changed above it, and what dnf can install then is not known before`
  const isThere = await runIfThere({ run: foreseen.look }, ['dnf', '--version'])
  return isThere ? undefined : 'dnf is not there yet, so nobody can ask it'
}

async function foresee(items: Item[], foreseen: Foreseen) {
  const before = planned.get(foreseen) ?? []
  const installs = items.some(({ want }) => want.ensure === 'present')
  const argv = dnfArgv(['--assumeno'], items, installs ? before : [])
  const result = await foreseen.look(argv)
  // It exits with 1 also for the no that it was told to answer.
  if (result.exitCode !== 0 && !/^Operation aborted/m.test(result.stdout + result.stderr))
    throw new Error(commandFailed(argv, result))
  const { coming, going } = movesIn(result.stdout)
  const rpms = await rpmsOn(foreseen)
  const gone = [...going].filter((name) => rpms.has(name))
  foreseeGone(await ownPaths(gone, foreseen), foreseen)
  for (const name of gone) rpms.delete(name)
  for (const [name, version] of coming) rpms.set(name, [version])
  if (installs) planned.set(foreseen, [...before, ...items.map(specOf)])
}

/** The rows of dnf's table under each heading: name, architecture, version, repository, size; a long name breaks its row in two. */
function movesIn(table: string) {
  const coming = new Map<string, string>()
  const going = new Set<string>()
  const sections = table.matchAll(/^(Installing|Upgrading|Downgrading|Removing)\b[^\n]*:\n((?:[ \t]+\S.*\n)+)/gm)
  for (const [, heading, rows = ''] of sections) {
    for (const [, name = '', version = ''] of rows.matchAll(
      /(\S+)\s+\w+\s+(\S+-\S+)\s+@?\S+\s+[\d.]+(?: [kMG]i?B?| B)?\s*$/gm,
    )) {
      if (heading === 'Removing') going.add(name)
      else coming.set(name, withoutEpoch0(version))
    }
  }
  return { coming, going }
}

/** The paths that these packages have and no other. */
async function ownPaths(names: string[], { look }: Foreseen) {
  const own = new Set<string>()
  if (names.length === 0) return own
  const said = await output({ run: look }, ['rpm', '--query', '--all', '--queryformat', '[%{=NAME}\t%{FILENAMES}\n]'])
  const rows = said.split('\n').map((row) => row.split('\t'))
  for (const [name = '', path = ''] of rows) if (names.includes(name)) own.add(path)
  for (const [name = '', path = ''] of rows) if (!names.includes(name)) own.delete(path)
  return own
}
