import type { WebSocket } from 'ws'
import { closeCodes, type ServerMessage } from '../../protocol/messages.ts'
import { newSecret } from '../secrets.ts'
import type { Node } from '../store/store.ts'
import { closeWith, type Connection } from './connection.ts'
import type { Hello } from './greet.ts'

export type Registry = ReturnType<typeof createRegistry>

/** Who is connected: at most one connection for each node. */
export function createRegistry(clock: () => number) {
  const byNode = new Map<string, Connection>()
  const bySession = new Map<string, Connection>()

  function forget(connection: Connection) {
    bySession.delete(connection.session)
    if (byNode.get(connection.node.id) === connection) byNode.delete(connection.node.id)
  }

  function drop(nodeId: string, code: number, reason: string) {
    const connection = byNode.get(nodeId)
    if (connection) forget(connection)
    connection?.close(code, reason)
  }

  return {
    forget,
    open(socket: WebSocket, node: Node, minor: number, hello: Hello) {
      drop(node.id, closeCodes.replaced, 'the same key has connected anew')
      const connection = newConnection(socket, { node, minor, hello, connectedAt: clock() })
      byNode.set(node.id, connection)
      bySession.set(connection.session, connection)
      return connection
    },
    /** What a dropped connection still says is not listened to. */
    isCurrent: (connection: Connection) => byNode.get(connection.node.id) === connection,
    /** Once it knows its catalog; before, it is told of catalog and orders as it becomes so. */
    ready: (nodeId: string) => (byNode.get(nodeId)?.ready ? byNode.get(nodeId) : undefined),
    of: (nodeId: string) => byNode.get(nodeId),
    count: () => byNode.size,
    /** Of all reports that connected nodes have still to bring. */
    spoolBytes: () => [...byNode.values()].reduce((sum, { spoolBytes }) => sum + spoolBytes, 0),
    versions: () => versionsOf(byNode.values()),
    isConnected: (nodeId: string) => byNode.has(nodeId),
    connectedAt: (nodeId: string) => byNode.get(nodeId)?.connectedAt,
    /** The node of a session, while its connection lasts. */
    nodeOfSession: (session: string) => bySession.get(session)?.node,
    turnAway: drop,
  }
}

type Opened = Pick<Connection, 'node' | 'minor' | 'connectedAt'> & { hello: Hello }

function newConnection(socket: WebSocket, { hello, ...opened }: Opened): Connection {
  return {
    ...opened,
    agentVersion: hello.agentVersion,
    catalog: hello.catalogDigest,
    session: newSecret(),
    ready: false,
    hasCatalog: hello.catalogDigest !== null,
    run: undefined,
    spoolBytes: 0,
    health: undefined,
    tellHealth: undefined,
    toldGates: undefined,
    wants: undefined,
    answers: new Map(),
    send: (message: ServerMessage) => socket.send(JSON.stringify(message)),
    close: (code, reason) => closeWith(socket, code, reason),
  }
}

/** How many nodes have an agent of each version. */
function versionsOf(connections: Iterable<Connection>) {
  const counts = new Map<string, number>()
  for (const { agentVersion } of connections) counts.set(agentVersion, (counts.get(agentVersion) ?? 0) + 1)
  return counts
}
