import { mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { buildAgent } from '../../agent/build.ts'
import { CommandError } from '../../cli/command.ts'
import { type Fleet, upFleet } from '../fleet.ts'
import { castOf, tellStory } from './story.ts'

/** `npm run demo [-- --exit]`: the main job for real, on three nodes on this machine. */
const { values } = parseArgs({
  options: { exit: { type: 'boolean', default: false }, os: { type: 'string', default: 'trixie' } },
})
const startedAt = performance.now()
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

function say(line: string) {
  console.log(`\n== ${line} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
}

async function demo() {
  const agent = fileURLToPath(new URL('../../dist/agent', import.meta.url))
  mkdirSync(agent, { recursive: true })
  await buildAgent(agent)
  say('Boot three Debian nodes and start a server')
  const os = values.os === 'bookworm' ? 'bookworm' : 'trixie'
  const fleet = await upFleet({ count: 3, os, agent, onProgress: (line) => console.log(line) })
  const stopped = once(interrupted.signal, 'abort').then(() => {
    throw new CommandError('interrupted')
  })
  try {
    await Promise.race([main(fleet), stopped])
    if (!values.exit) await stopped.catch(() => say('Taking everything down'))
  } finally {
    await fleet.down()
  }
}

async function main(fleet: Fleet) {
  say('Join the nodes')
  await Promise.all(fleet.lab.nodes.map((node) => fleet.join(node)))
  await tellStory(fleet, say)
  say('Done')
  const { balancer, ensemble } = castOf(fleet.lab.nodes)
  console.log(`HAProxy    http://${balancer.address}/`)
  console.log(`ZooKeeper  ${ensemble.map(({ address }) => `${address}:2181`).join(',')}`)
  console.log(`Server     ${fleet.url}`)
  if (values.exit) return
  console.log(`Operator   export TRIVET_CONFIG=${fleet.config}; bin/trivet node list`)
  console.log(`Nodes      bin/trivet lab exec ${balancer.name} -- systemctl status trivet-agent`)
  console.log('It all keeps running until Ctrl-C.')
}

try {
  await demo()
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`demo: ${error.message}`)
  process.exitCode = 1
}
