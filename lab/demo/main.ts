import { mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { buildAgent } from '../../agent/build/build.ts'
import { nodeBin } from '../../packaging/platform.ts'
import { CommandError } from '../../cli/command.ts'
import { buildStandins } from '../../test/standins/deb/build.ts'
import { serveDebs } from '../../test/standins/deb/serve.ts'
import { type Fleet, upFleet } from '../fleet.ts'
import { clusterCast, servicePort, tellCluster } from './cluster-story.ts'
import { castOf, tellStory } from './story.ts'

/** `npm run demo [-- cluster] [-- --exit]`: the main job for real, on three nodes on this machine, or a whole Mesos cluster on twelve. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    exit: { type: 'boolean', default: false },
    os: { type: 'string', default: 'trixie' },
    slaves: { type: 'string', default: '9' },
  },
})
const startedAt = performance.now()
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

function say(line: string) {
  console.log(`\n== ${line} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
}

const built = (name: string) => {
  const folder = fileURLToPath(new URL(`../../dist/${name}`, import.meta.url))
  mkdirSync(folder, { recursive: true })
  return folder
}

async function demo() {
  const [isCluster, count] = storyOf(positionals, Number(values.slaves))
  const agent = built('demo/agent')
  await buildAgent(agent)
  say(`Boot ${count} Debian nodes and start a server`)
  // The stand-ins of a cluster run on a Node.js of their own.
  const binds = isCluster ? [{ from: await nodeBin(), to: '/opt/node/bin' }] : []
  const os = values.os === 'bookworm' ? 'bookworm' : 'trixie'
  const fleet = await upFleet({ count, os, agent, binds, onProgress: (line) => console.log(line) })
  const stopped = once(interrupted.signal, 'abort').then(() => {
    throw new CommandError('interrupted')
  })
  try {
    await Promise.race([isCluster ? cluster(fleet) : main(fleet), stopped])
    console.log(`Server     ${fleet.url}`)
    if (values.exit) return
    console.log(`Operator   export TRIVET_CONFIG=${fleet.config}; bin/trivet node list`)
    console.log('Console    that address in a browser; its token: bin/trivet api-token create browser')
    console.log(`Nodes      bin/trivet lab exec ${fleet.lab.nodes[0]?.name} -- systemctl status trivet-agent`)
    console.log('It all keeps running until Ctrl-C.')
    await stopped.catch(() => say('Taking everything down'))
  } finally {
    await fleet.down()
  }
}

/** Whether it is of the cluster, and on how many nodes. */
function storyOf([story, ...rest]: string[], slaves: number) {
  if (story === undefined) return [false, 3] as const
  if (story !== 'cluster' || rest.length > 0 || !(slaves >= 1))
    throw new CommandError('usage: npm run demo -- [cluster [--slaves N]] [--os trixie|bookworm] [--exit]')
  return [true, 3 + slaves] as const
}

async function main(fleet: Fleet) {
  say('Join the nodes')
  await Promise.all(fleet.lab.nodes.map((node) => fleet.join(node)))
  await tellStory(fleet, say)
  say('Done')
  const { balancer, ensemble } = castOf(fleet.lab.nodes)
  console.log(`HAProxy    http://${balancer.address}/`)
  console.log(`ZooKeeper  ${ensemble.map(({ address }) => `${address}:2181`).join(',')}`)
}

async function cluster(fleet: Fleet) {
  const folder = built('demo/standins')
  // Mesos and Marathon cannot be had any more: these keep their published contract, and run what they are told (test/standins/README.md).
  const { mesos, marathon } = await buildStandins(folder)
  const debs = await serveDebs(folder, fleet.lab.gateway)
  const sourceOf = ({ file, sha256 }: typeof mesos) => ({ deb: { url: debs.urlOf(file), sha256, insecure: true } })
  const cast = clusterCast(fleet.lab.nodes)
  try {
    await tellCluster(fleet, cast, { mesos: sourceOf(mesos), marathon: sourceOf(marathon) }, say)
  } finally {
    await debs.close()
  }
  say('Done')
  console.log(`Mesos      ${cast.masters.map(({ address }) => `http://${address}:5050`).join(' ')}`)
  console.log(`Marathon   ${cast.masters.map(({ address }) => `http://${address}:8080`).join(' ')}`)
  console.log(`The job    ${cast.slaves.map(({ address }) => `http://${address}:${servicePort}/`).join(' ')}`)
}

try {
  await demo()
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`demo: ${error.message}`)
  process.exitCode = 1
}
