import { connect } from 'node:net'
import { CommandError } from '../../cli/command.ts'
import type { LabNode } from '../node.ts'
import { until } from '../run.ts'

/** What a node's ZooKeeper says of itself: `leader`, `follower`, `standalone`, or why it does not say. */
export async function zookeeperMode(node: LabNode) {
  const answer = await ask(node.address, 2181, 'srvr')
  return /^Mode: (\w+)$/m.exec(answer)?.[1] ?? (answer.trim() || 'no answer')
}

/** Waits until there is one leader and all others follow; gives the modes in the nodes' order. */
export async function proveEnsemble(nodes: LabNode[], timeoutMs = 60_000) {
  let modes: string[] = []
  return until(
    () => `one leader and ${nodes.length - 1} followers; there are: ${modes.join(', ')}`,
    async () => {
      modes = await Promise.all(nodes.map(zookeeperMode))
      const leaders = modes.filter((mode) => mode === 'leader').length
      const followers = modes.filter((mode) => mode === 'follower').length
      return leaders === 1 && followers === nodes.length - 1 && modes
    },
    timeoutMs,
  )
}

/** Asks HAProxy for the page until every web node has answered; gives their names. */
export async function proveBalanced(balancer: LabNode, backends: LabNode[]) {
  const seen = new Set<string>()
  await until(
    () =>
      `each of ${backends.map(({ name }) => name).join(', ')} to answer through ${balancer.name}; so far: ${[...seen].join(', ')}`,
    async () => {
      const response = await fetch(`http://${balancer.address}/`, { signal: AbortSignal.timeout(2000) }).catch(notYet)
      const page = response?.ok ? await response.text() : ''
      for (const { name } of backends) if (page.includes(name)) seen.add(name)
      return seen.size === backends.length
    },
  )
  return [...seen].toSorted()
}

function ask(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host, port, timeout: 2000 })
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('connect', () => socket.write(text))
    socket.on('close', () => resolve(answer))
    socket.on('timeout', () => socket.destroy())
    socket.on('error', (error) => (answer ||= error.message))
  })
}

// It is asked again until the deadline of whoever asks.
function notYet(error: unknown) {
  if (!(error instanceof Error)) throw new CommandError(String(error))
  return undefined
}
