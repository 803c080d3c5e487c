import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../cli/command.ts'
import { type Lab, type LabOptions, upLab } from './lab.ts'
import { environment, type LabNode } from './node.ts'
import { type CommandResult, must, run, until } from './run.ts'

/** Where the server of a lab listens, on the lab's gateway address: each lab has its own. */
const port = 7400
/** A server starts in two seconds, and in many more where several labs boot beside it. */
const startMs = 120_000
const program = fileURLToPath(new URL('../bin/trivet', import.meta.url))
const house = fileURLToPath(new URL('..', import.meta.url))

export interface FleetOptions extends LabOptions {
  /** A folder that `buildAgent` has made; the nodes see it as /usr/lib/trivet. Left out, they have no agent. */
  agent?: string
  recipes?: string
  roles?: string
  /** Flags of `trivet server` beyond the necessary ones. */
  serverFlags?: string[]
}

/** A lab with a server beside it, to be used as its operator would: through the programs alone. */
export interface Fleet {
  lab: Lab
  url: string
  dataDir: string
  /** TRIVET_CONFIG of the admin. */
  config: string
  /** Runs `trivet ARGS` as the admin, and gives the result whatever it is. */
  trivet: (...args: string[]) => Promise<CommandResult>
  /** The same, and it must succeed; gives what it printed. */
  mustTrivet: (...args: string[]) => Promise<string>
  /** The same on this terminal, so that a person sees it live; gives the exit code. */
  showTrivet: (...args: string[]) => Promise<number>
  /** Installs the agent on a node, joins it to the server and starts it. */
  join: (node: LabNode, tokenFlags?: string[]) => Promise<void>
  stopServer: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>
  /** Does nothing where it runs. */
  startServer: () => Promise<void>
  /** What the server has printed so far on stderr. */
  serverLog: () => string
  /** Ends the server and leaves nothing on this machine. */
  down: () => Promise<void>
}

/** Boots the nodes and starts the server. No node has joined yet. */
export async function upFleet(options: FleetOptions): Promise<Fleet> {
  const lab = await upLab({
    ...options,
    binds: [...(options.binds ?? []), ...(options.agent ? [{ from: options.agent, to: '/usr/lib/trivet' }] : [])],
  })
  const home = mkdtempSync(join(tmpdir(), 'trivet-fleet-'))
  const config = join(home, 'config.json')
  const server = new ServerProcess(lab.gateway, home, options)
  const { login, ...operator } = operatorWith(config)
  const down = async () => {
    await server.stop('SIGKILL')
    await lab.down()
    rmSync(home, { recursive: true, force: true })
  }
  try {
    await login(await server.start())
  } catch (error) {
    await down()
    throw error
  }
  return {
    lab,
    url: server.url,
    dataDir: server.dataDir,
    config,
    ...operator,
    join: (node, flags = []) => joinNode(node, async () => operator.mustTrivet('token', 'create', ...flags)),
    stopServer: (signal) => server.stop(signal),
    startServer: async () => void (await server.start()),
    serverLog: () => server.log,
    down,
  }
}

function operatorWith(config: string) {
  const env = { PATH: environment.PATH, TRIVET_CONFIG: config, XDG_STATE_HOME: dirname(config) }
  return {
    // Not as an argument: the list of processes is for everybody to read.
    login: (invitation: string) => must([process.execPath, program, 'login', '-'], { env, input: invitation }),
    trivet: (...args: string[]) => run([process.execPath, program, ...args], { env }),
    mustTrivet: (...args: string[]) => must([process.execPath, program, ...args], { env }),
    async showTrivet(...args: string[]) {
      const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] })
      await once(child, 'exit')
      return child.exitCode ?? 1
    },
  }
}

/** Does on a node what docs/install.md says, and waits until the agent runs. */
async function joinNode(node: LabNode, createToken: () => Promise<string>) {
  const mustOn = async (argv: string[], input?: string) => {
    const result = await node.exec(argv, { input, timeoutMs: 60_000 })
    if (result.exitCode !== 0)
      throw new CommandError(`${argv.join(' ')} on ${node.name}: ${result.stderr || result.stdout}`)
  }
  await mustOn(['ln', '-sf', '/usr/lib/trivet/current/trivet-agent', '/usr/bin/trivet-agent'])
  await mustOn(['install', '-m', '0644', '/usr/lib/trivet/trivet-agent.service', '/etc/systemd/system/'])
  await mustOn(['trivet-agent', 'join', '-'], await createToken())
  await mustOn(['systemctl', 'enable', '--now', '--quiet', 'trivet-agent'])
}

class ServerProcess {
  readonly url: string
  readonly dataDir: string
  log = ''
  readonly #argv: string[]
  #child: ChildProcess | undefined

  constructor(host: string, home: string, { recipes, roles, serverFlags = [] }: FleetOptions) {
    this.url = `https://${host}:${port}`
    this.dataDir = join(home, 'data')
    const folders = ['--recipes', recipes ?? join(house, 'recipes'), '--roles', roles ?? join(house, 'roles')]
    this.#argv = ['server', '--data', this.dataDir, '--listen', `${host}:${port}`, ...folders, ...serverFlags]
  }

  /** Resolves when it answers; gives the first admin's TOKEN@URL on the first start, and '' later. */
  async start(): Promise<string> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) return ''
    const child = spawn(process.execPath, [program, ...this.#argv], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    const isFirst = !existsSync(this.dataDir)
    let invitation = ''
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    createInterface({ input: child.stdout }).on('line', (line) => {
      invitation ||= /trivet login (\S+)/.exec(line)?.[1] ?? ''
    })
    const logged = this.log.length
    await until(
      () => `the server to listen. It said: ${this.log}`,
      async () => {
        if (child.exitCode !== null) throw new CommandError(`the server ended with ${child.exitCode}: ${this.log}`)
        return this.log.slice(logged).includes('Trivet listens on') && (invitation !== '' || !isFirst)
      },
      startMs,
    )
    return invitation
  }

  /** Gives the exit code; null when the signal ended it. */
  async stop(signal: 'SIGTERM' | 'SIGKILL') {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    return child.exitCode
  }
}
