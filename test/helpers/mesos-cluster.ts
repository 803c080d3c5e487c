import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type Cast, clusterCast, joinAll, setAttributes } from '../../lab/demo/cluster-story.ts'
import type { Fleet } from '../../lab/fleet.ts'
import { buildStandins } from '../standins/deb/build.ts'
import { type DebServer, serveDebs } from '../standins/deb/serve.ts'
import { fleetOfSuite } from './fleet.ts'

export interface Cluster extends Cast {
  fleet: Fleet
}

/**
 * A cluster of masters and slaves that have joined, with stand-ins for Mesos and Marathon to install; they have yet to converge.
 * `attributes` are said for the cluster over what the demo says.
 */
export function clusterOfSuite(
  masters: number,
  slaves: number,
  attributes: Record<string, unknown> = {},
): () => Cluster {
  // Java and what else ZooKeeper needs is in the base of the nodes: e2e main-job installs it.
  const fleetUp = fleetOfSuite({ count: masters + slaves, join: false, packages: ['zookeeper'] })
  const folder = mkdtempSync(join(tmpdir(), 'trivet-debs-'))
  let debs: DebServer | undefined
  let cluster: Cluster | undefined
  before(async () => {
    const fleet = fleetUp()
    const { mesos, marathon } = await buildStandins(folder)
    const served = await serveDebs(folder, fleet.lab.gateway)
    debs = served
    const sourceOf = ({ file, sha256 }: typeof mesos) => ({ deb: { url: served.urlOf(file), sha256, insecure: true } })
    const cast = clusterCast(fleet.lab.nodes, masters)
    await setAttributes(fleet, cast, { mesos: sourceOf(mesos), marathon: sourceOf(marathon) })
    for (const [key, value] of Object.entries(attributes))
      await fleet.mustTrivet('cluster', 'set', 'default', key, JSON.stringify(value))
    await joinAll(fleet, cast)
    cluster = { fleet, ...cast }
  })
  after(async () => {
    await debs?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return () => {
    if (!cluster) throw new Error('the cluster did not come up')
    return cluster
  }
}
