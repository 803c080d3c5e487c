import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { until } from './until.ts'

/** Why the program cannot be tried; false where it is. */
export function without(program: string, versionFlag: string) {
  const { error } = spawnSync(program, [versionFlag])
  return error ? `needs ${program}: apt-get install ${program}` : false
}

/** Runs the proxy until the test ends; it is there once something listens on the port. */
export async function runProxy(t: TestContext, argv: [string, ...string[]], port: number) {
  const [program, ...args] = argv
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  t.after(() => ended(child))
  await until(`${program} on port ${port}`, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said.join('')}`)
    return isTaken(port)
  }).catch((error: unknown) => {
    throw new Error(`${program} said: ${said.join('')}`, { cause: error })
  })
}

/** One that is free now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}

async function ended(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

function isTaken(port: number) {
  return new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
