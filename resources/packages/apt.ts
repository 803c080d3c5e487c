import { setTimeout as pause } from 'node:timers/promises'
import { commandFailed } from '../define.ts'
import type { CommandOptions, Host } from '../host.ts'

/** What apt is run on: the machine, or in a plan what may be asked of it. */
export type Runner = Pick<Host, 'run'>

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

/** What a command prints; it must exit with 0. */
export async function output(runner: Runner, argv: string[], given?: CommandOptions) {
  const result = await runner.run(argv, given)
  if (result.exitCode !== 0) throw new Error(commandFailed(argv, result))
  return result.stdout
}

export async function apt(runner: Runner, verb: string, flags: string[], operands: string[]) {
  const argv = [...aptGet, ...flags, verb, ...(operands.length > 0 ? ['--', ...operands] : [])]
  const result = await runner.run(argv, options)
  if (result.exitCode === 0) return result.stdout
  // Which dependency is not met apt says where it reports its progress.
  const unmet = /^The following packages have unmet dependencies:\n(?: .+\n)*/m.exec(result.stdout)?.[0] ?? ''
  throw new Error(commandFailed(argv, { ...result, stderr: `${unmet}${result.stderr}` }))
}

/** apt waits for dpkg's lock by itself; for that of its lists it does not, and dpkg for none. */
async function waitingForLock(runner: Runner, argv: string[]) {
  const deadline = performance.now() + lockPatience
  for (;;) {
    const result = await runner.run(argv, options)
    if (!/lock was locked|Could not get lock/.test(result.stderr) || performance.now() > deadline) return result
    await pause(1000)
  }
}

/** Fetches the lists of packages anew. Gives what went wrong, since one dead source of many need not matter. */
export async function refreshLists(runner: Runner, flags: string[] = []) {
  const argv = [...aptGet, '-o', 'APT::Update::Error-Mode=any', ...flags, 'update']
  const result = await waitingForLock(runner, argv)
  return result.exitCode === 0 ? undefined : commandFailed(argv, result)
}

/** Fetches the lists of one file of sources only; the others stay as they are. */
export function refreshListsOf(sources: string, runner: Runner) {
  const only = [`Dir::Etc::SourceList=${sources}`, 'Dir::Etc::SourceParts=-', 'APT::Get::List-Cleanup=0']
  return refreshLists(
    runner,
    only.flatMap((setting) => ['-o', setting]),
  )
}

/** Says of packages that apt may, or may not, change them when it is about others. */
export async function setHold(verb: 'hold' | 'unhold', names: string[], runner: Runner) {
  if (names.length === 0) return
  const argv = ['apt-mark', verb, '--', ...names]
  const result = await waitingForLock(runner, argv)
  if (result.exitCode !== 0) throw new Error(commandFailed(argv, result))
}

/** What a killed dpkg left behind is finished first; until then apt refuses everything. */
export async function finishInterrupted(runner: Runner) {
  const argv = ['dpkg', ...keepConffiles, '--configure', '--pending']
  const result = await waitingForLock(runner, argv)
  // What dpkg cannot configure for want of a dependency, apt can.
  await apt(runner, 'install', ['--fix-broken'], []).catch((error: unknown) => {
    throw result.exitCode === 0 ? error : new Error(commandFailed(argv, result), { cause: error })
  })
}
