import { existsSync } from 'node:fs'
import { CommandError } from '../../cli/command.ts'
import { detachLab } from '../../lab/detach.ts'
import { type LaunchedNode, readLaunched } from '../../lab/launched.ts'
import { findLabs } from '../../lab/remove.ts'
import { until } from '../../lab/run.ts'
import { controlSocket, LabName, type LabState, type Os } from '../../lab/state.ts'

/** What an image of a cloud has as well. */
const packages = ['cloud-init', 'curl']
/** A base may have to be downloaded first. */
const upMs = 30 * 60_000

export interface ClusterLab extends LabState {
  launched: LaunchedNode[]
}

export interface LabWanted {
  cluster: string
  os: Os
  note: (text: string) => void
}

/** The lab of a cluster, if there is one, on whatever way it is up; a lab of that name that is somebody else's is an error. */
export async function findLab(cluster: string): Promise<ClusterLab | undefined> {
  const lab = (await findLabs()).find(({ name }) => name === cluster)
  if (!lab) return undefined
  const launched = await readLaunched(cluster)
  // It has none yet while it comes up.
  if (!lab.ready || packages.every((one) => launched?.packages.includes(one)))
    return { ...lab, launched: launched?.nodes ?? [] }
  throw new CommandError(
    `Lab ${cluster} is not one of the launcher. Next: give the cluster another name, or end that lab: trivet lab down ${cluster}`,
  )
}

/** Has the lab of a cluster up and ready to be asked, also one that was begun by somebody who is gone. */
export async function ensureLab({ cluster, os, note }: LabWanted): Promise<void> {
  if (!LabName.safeParse(cluster).success) {
    throw new CommandError(
      `A lab cannot be called ${cluster}. Next: a cluster for a lab has a name of at most 31 lower-case letters, digits and hyphens that begins with a letter`,
    )
  }
  const found = await findLab(cluster)
  if (!found) await begin({ cluster, os, note })
  else if (found.os !== os) {
    throw new CommandError(
      `Lab ${cluster} has ${found.os}, not ${os}. Next: destroy the cluster first, or go on with ${found.os}`,
    )
  }
  await until(
    `lab ${cluster} to be ready`,
    async () => {
      const lab = await findLab(cluster)
      if (!lab) throw new CommandError(`Lab ${cluster} ended while it came up. Next: try again`)
      return lab.ready && existsSync(controlSocket(cluster))
    },
    upMs,
  )
}

async function begin({ cluster, os, note }: LabWanted): Promise<void> {
  try {
    await detachLab({ name: cluster, os, count: 0, packages }, note)
  } catch (error) {
    // One that somebody began who is gone may have come up meanwhile.
    if (!(await findLab(cluster))) throw error
  }
}
