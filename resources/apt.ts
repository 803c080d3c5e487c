import { setTimeout as pause } from 'node:timers/promises'
import { commandFailed, must } from './define.ts'
import type { CommandOptions, Host } from './host.ts'

const lockPatience = 600_000

/** apt goes on when the agent dies: half an installation is worse than one that nobody waited for. */
const options: CommandOptions = {
  outlives: true,
  env: {
    DEBIAN_FRONTEND: 'noninteractive',
    DEBIAN_PRIORITY: 'critical',
    APT_LISTCHANGES_FRONTEND: 'none',
    APT_LISTBUGS_FRONTEND: 'none',
    NEEDRESTART_MODE: 'l',
    UCF_FORCE_CONFFOLD: '1',
  },
}
const keepConffiles = ['--force-confdef', '--force-confold']
const aptGet = [
  'apt-get',
  '--yes',
  '--quiet',
  '-o',
  `DPkg::Lock::Timeout=${lockPatience / 1000}`,
  ...keepConffiles.flatMap((option) => ['-o', `Dpkg::Options::=${option}`]),
]

export function apt(host: Host, verb: string, flags: string[], operands: string[]) {
  return must(host, [...aptGet, ...flags, verb, ...(operands.length > 0 ? ['--', ...operands] : [])], options)
}

/** apt waits for dpkg's lock by itself; for that of its lists it does not, and dpkg for none. */
async function waitingForLock(host: Host, argv: string[]) {
  const deadline = performance.now() + lockPatience
  for (;;) {
    const result = await host.run(argv, options)
    if (!/lock was locked|Could not get lock/.test(result.stderr) || performance.now() > deadline) return result
    await pause(1000)
  }
}

/** Fetches the lists of packages anew. Gives what went wrong, since one dead source of many need not matter. */
export async function refreshLists(host: Host) {
  const argv = [...aptGet, '-o', 'APT::Update::Error-Mode=any', 'update']
  const result = await waitingForLock(host, argv)
  return result.exitCode === 0 ? undefined : commandFailed(argv, result)
}

/** What a killed dpkg left behind is finished first; until then apt refuses everything. */
export async function finishInterrupted(host: Host) {
  const argv = ['dpkg', ...keepConffiles, '--configure', '--pending']
  const result = await waitingForLock(host, argv)
  // What dpkg cannot configure for want of a dependency, apt can.
  await apt(host, 'install', ['--fix-broken'], []).catch((error: unknown) => {
    throw result.exitCode === 0 ? error : new Error(commandFailed(argv, result), { cause: error })
  })
}

/** Of packages and the versions wanted: those that cannot be installed, and why. The lists are fetched anew before anything is called missing. */
export async function whyNotInstallable(wanted: Map<string, string | undefined>, host: Host) {
  const failed = new Map<string, Error>()
  if (wanted.size === 0 || missing(wanted, await available([...wanted.keys()], host)).length === 0) return failed
  const trouble = await refreshLists(host)
  for (const [name, why] of missing(wanted, await available([...wanted.keys()], host)))
    failed.set(name, new Error(trouble ? `${why}\nThe lists of packages could not be refreshed: ${trouble}` : why))
  return failed
}

function missing(wanted: Map<string, string | undefined>, known: Map<string, Available>) {
  return [...wanted].flatMap(([name, version]) => {
    const why = whyNot(name, version, known.get(name))
    return why === undefined ? [] : [[name, why] as const]
  })
}

function whyNot(name: string, version: string | undefined, found: Available | undefined) {
  if (!found)
    return `There is no package ${name} in the node's sources. Check its name, or declare its source before it.`
  if (!found.candidate)
    return `Package ${name} cannot be installed: it is virtual, or its source is gone. Name a package that provides it.`
  if (!version || found.versions.includes(version)) return undefined
  return `Package ${name} has no version ${version} in the node's sources. There is: ${found.versions.join(', ') || 'none'}.`
}

interface Available {
  /** Null where nothing can be installed under this name, as with a virtual package. */
  candidate: string | null
  versions: string[]
}

/** What could be installed, by name. A name with a dot that is no package is a pattern to apt: others then stand here too, but not it. */
async function available(names: string[], host: Host) {
  const { stdout } = await must(host, ['apt-cache', 'policy', '--', ...names])
  const found = new Map<string, Available>()
  let current: Available | undefined
  for (const line of stdout.split('\n')) {
    const heading = /^(\S+):$/.exec(line)?.[1]
    const candidate = /^ {2}Candidate: (.+)$/.exec(line)?.[1]
    const version = /^ (?:\*\*\*| {3}) (\S+) -?\d+$/.exec(line)?.[1]
    if (heading) found.set(heading, (current = { candidate: null, versions: [] }))
    if (candidate && candidate !== '(none)' && current) current.candidate = candidate
    if (version) current?.versions.push(version)
  }
  return found
}
