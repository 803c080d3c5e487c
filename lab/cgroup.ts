import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../cli/command.ts'
import { hasCode } from '../protocol/errors.ts'
import { killIfThere } from './processes.ts'
import { until } from './run.ts'

const mountPoint = '/sys/fs/cgroup'

/**
 * Gives the directories that the nspawn of a node has to join. (A group is LAB, or LAB/MACHINE below it.) With --keep-unit
 * all nodes would share the cgroups of whoever starts them, and systemd in one node would find another's services in its units.
 */
export async function makeCgroups(group: string): Promise<string[]> {
  const dirs = cgroupsOf(group)
  for (const dir of dirs) await mkdir(dir, { recursive: true })
  return dirs
}

/** SIGKILL to all that runs in the group. Needed beside that to nspawn, which leaves its node's processes alive. */
export async function killAll(group: string): Promise<void> {
  await until(`all processes of ${group} to be gone`, async () => {
    const dirs = cgroupsOf(group).flatMap(withThoseBelow)
    const pids = dirs.flatMap(findPids)
    for (const pid of pids) killIfThere(pid)
    return pids.length === 0
  })
}

export async function removeCgroups(group: string): Promise<void> {
  for (const dir of cgroupsOf(group).flatMap(withThoseBelow).toReversed()) await rmdir(dir)
}

/** Stops every process of the node without telling it, until `false` is given. */
export async function setFrozen(group: string, frozen: boolean): Promise<void> {
  const dir = cgroupsOf(group).find((each) => existsSync(join(each, 'cgroup.freeze')))
  if (!dir) throw new CommandError(`${group} cannot be frozen: not running, or a kernel without cgroup.freeze.`)
  await writeFile(join(dir, 'cgroup.freeze'), frozen ? '1' : '0')
  const wanted = frozen ? 'frozen 1' : 'frozen 0'
  await until(`${group} to be ${wanted}`, async () =>
    (await readFile(join(dir, 'cgroup.events'), 'utf8')).includes(wanted),
  )
}

function cgroupsOf(group: string): string[] {
  const version2 = existsSync(join(mountPoint, 'cgroup.controllers'))
  const hierarchies = version2 ? ['.'] : ['systemd', 'unified']
  return hierarchies
    .map((hierarchy) => join(mountPoint, hierarchy))
    .filter((dir) => existsSync(dir))
    .map((dir) => join(dir, 'trivet-lab', group))
}

function findPids(dir: string): number[] {
  const text = ifThere(() => readFileSync(join(dir, 'cgroup.procs'), 'utf8')) ?? ''
  const pids = text.split('\n').map(Number)
  return pids.filter((pid) => pid > 0) // 0 is one that we cannot see, and to kill() it means ourselves
}

/** The directory and all below it, the deepest last; none when it does not exist. */
function withThoseBelow(dir: string): string[] {
  const entries = ifThere(() => readdirSync(dir, { withFileTypes: true }))
  if (!entries) return []
  const below = entries.filter((entry) => entry.isDirectory())
  return [dir, ...below.flatMap((entry) => withThoseBelow(join(dir, entry.name)))]
}

// systemd in the node removes its groups while we look at them.
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV')) return undefined
    throw error
  }
}
