import { EventEmitter, once } from 'node:events'
import type { Agent } from '../agent.ts'
import { connect, type Connection } from './connection.ts'
import { unlessAborted } from './unless-aborted.ts'

/** How long a command waits for the server before it goes on without. */
const standardPatienceMs = 10_000

/** A connection that brought the newest catalog and can take reports away. */
export interface Fetched {
  /** Why the server has no catalog for this node, where that is so. */
  noCatalog: string | undefined
  /** True when the server has stored all reports; false when it went away or was silent for too long. */
  deliver: () => Promise<boolean>
  close: () => void
}

/** What a command does first where no daemon keeps the catalog fresh. Rejects when the server cannot be reached. */
export function fetchNow(agent: Agent, patienceMs = standardPatienceMs): Promise<Fetched> {
  const delivered = new EventEmitter()
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`no answer within ${patienceMs / 1000} s`))
      connection.close()
    }, patienceMs)
    let session = ''
    const connection = connect({
      ...agent.connecting(),
      async receive(message, on) {
        if (message.type === 'welcome') {
          session = message.session
          await agent.welcome(message, on)
          agent.delivery.connected(on)
        }
        if (message.type === 'gates') agent.gates.tell(message)
        if (message.type === 'catalog') await agent.take(message.catalog, session)
        if (message.type === 'stored') agent.delivery.stored(message.run)
        if (agent.delivery.waiting === 0) delivered.emit('all')
        if (message.type === 'catalog' || message.type === 'current' || message.type === 'no-catalog') {
          clearTimeout(late)
          const noCatalog = message.type === 'no-catalog' ? `${message.why}: ${message.reason}` : undefined
          resolve({ noCatalog, close: connection.close, deliver: () => delivery(agent, connection, delivered) })
        }
      },
    })
    connection.closed.then(({ reason }) => reject(new Error(reason)), reject).finally(() => clearTimeout(late))
  })
}

async function delivery(agent: Agent, connection: Connection, delivered: EventEmitter) {
  if (agent.delivery.waiting === 0) return true
  const giveUp = AbortSignal.timeout(standardPatienceMs)
  await Promise.race([once(delivered, 'all', { signal: giveUp }), connection.closed]).catch(unlessAborted)
  return agent.delivery.waiting === 0
}
