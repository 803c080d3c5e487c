import { existsSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { killAll, removeCgroups } from './cgroup.ts'
import { withLock } from './lock.ts'
import { unmountAll } from './mounts.ts'
import { removeLink, removeNetwork } from './network.ts'
import { findNspawns, isAlive, killIfThere } from './processes.ts'
import { until } from './run.ts'
import {
  consoleLog,
  cutMark,
  detachedLog,
  findLabNames,
  labDataDir,
  labRunDir,
  labsLock,
  nodeDir,
  readState,
  type LabState,
  type NodeState,
} from './state.ts'

/** Leaves nothing of a lab, in whatever state it is; safe to do again. Its state goes last, so a broken attempt can be repeated. */
export async function removeLab(name: string): Promise<void> {
  const state = await readState(name)
  await killNodes(labDataDir(name), name)
  await unmountAll(labDataDir(name))
  for (const { machine } of state?.nodes ?? []) {
    await removeLink(machine)
    await removePropagation(machine)
  }
  if (state) await removeNetwork(state.subnet)
  await removeCgroups(name)
  await rm(labDataDir(name), { recursive: true, force: true })
  await rm(detachedLog(name), { force: true })
  await rm(labRunDir(name), { recursive: true, force: true })
}

/** Leaves nothing of one node of a lab that goes on. */
export async function removeNode(lab: string, { name, machine }: NodeState): Promise<void> {
  await killNodes(nodeDir(lab, name), `${lab}/${machine}`)
  await unmountAll(nodeDir(lab, name))
  await removeLink(machine)
  await removePropagation(machine)
  await removeCgroups(`${lab}/${machine}`)
  for (const path of [nodeDir(lab, name), consoleLog(lab, name), cutMark(lab, name)]) {
    await rm(path, { recursive: true, force: true })
  }
}

/** The labs whose owner lives. What dead ones left is removed first, unless their reaper is still at it. */
export async function findLabs(): Promise<LabState[]> {
  return withLock(labsLock, findLabsLocked)
}

/** The same for a caller that holds the lock of the labs. */
export async function findLabsLocked(): Promise<LabState[]> {
  const alive: LabState[] = []
  for (const name of await findLabNames()) {
    const state = await readState(name)
    if (state && isAlive(state.owner)) alive.push(state)
    else if (!isAlive(state?.reaper)) await removeLab(name)
  }
  return alive
}

// nspawn first: it would start nothing new, but one that is just starting makes processes until it is gone.
async function killNodes(dir: string, group: string): Promise<void> {
  await until(`what runs in ${dir} to end`, async () => {
    const pids = findNspawns(dir)
    for (const pid of pids) killIfThere(pid)
    await killAll(group)
    return pids.length === 0
  })
}

async function removePropagation(machine: string): Promise<void> {
  const dir = `/run/systemd/nspawn/propagate/${machine}`
  if (existsSync(dir)) await rmdir(dir)
}
