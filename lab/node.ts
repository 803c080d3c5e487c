import { existsSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { CommandError } from '../cli/command.ts'
import { hasCode } from '../protocol/errors.ts'
import { killAll, setFrozen } from './cgroup.ts'
import { removeLink, setLink } from './network.ts'
import { findLeader, findNspawns, killIfThere } from './processes.ts'
import { run, until, type CommandResult, type RunOptions } from './run.ts'
import { consoleLog, cutMark, nodeDir, nodeRoot, type NodeState } from './state.ts'

export interface LabNode {
  name: string
  address: string
  /** Its root file system as the host sees it. What the node mounts over it (/run, /tmp) is not in there. */
  root: string
  /** Runs a command as the node's root and gives its exit code, whatever that is. */
  exec(argv: string[], options?: RunOptions): Promise<CommandResult>
  /** Writes a file in the node, with the directories above it. */
  write(path: string, content: string | Buffer, mode?: string): Promise<void>
  bootId(): Promise<string>
  /** Reboots from inside; done when it is up again. A cut network stays cut. */
  reboot(): Promise<void>
  /** Pulls the plug: SIGKILL to its systemd-nspawn and all that runs in the node. */
  kill(): Promise<void>
  /** Boots it after `kill` or a power-off; only the process that holds the lab can. */
  start(): Promise<void>
  cut(): Promise<void>
  heal(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
}

/** What commands of a lab get in the place of our own environment. */
export const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
}
const bootTimeoutMs = 120_000

export function makeNode(lab: string, state: NodeState, start: () => Promise<void>): LabNode {
  const { name, address } = state
  const exec: LabNode['exec'] = async (argv, { env, ...options } = {}) =>
    run(enterArgv(lab, name, argv), { ...options, env: { ...environment, ...env } })
  const mustOn = async (argv: string[], input?: string | Buffer) => {
    const { exitCode, stderr } = await exec(argv, { input })
    if (exitCode !== 0) throw new CommandError(`${argv.join(' ')} on ${name} exited with ${exitCode}: ${stderr.trim()}`)
  }

  return {
    name,
    address,
    root: nodeRoot(lab, name),
    exec,
    start,
    ...powerOf(lab, state),
    ...cableOf(lab, state),
    async write(path, content, mode = '0644') {
      // Empty first, with its final mode. (install cannot read /dev/stdin: Node gives a socket for a pipe.)
      await mustOn(['install', '-D', `--mode=${mode}`, '--', '/dev/null', path])
      await mustOn(['dd', 'status=none', `of=${path}`], content)
    },
  }
}

function powerOf(lab: string, state: NodeState): Pick<LabNode, 'bootId' | 'reboot' | 'kill' | 'freeze' | 'thaw'> {
  const { name, machine } = state
  const bootId = async () => {
    const id = await readBootId(lab, name)
    if (!id) throw new CommandError(`${name} is not running.`)
    return id
  }
  return {
    bootId,
    async reboot() {
      const before = await bootId()
      await enterQuietly(lab, name, ['systemctl', '--no-block', 'reboot'])
      await waitUntilUp(lab, state, { before })
    },
    async kill() {
      for (const pid of findNspawns(nodeDir(lab, name))) killIfThere(pid)
      await killAll(`${lab}/${machine}`)
      await removeLink(machine)
    },
    freeze: () => setFrozen(`${lab}/${machine}`, true),
    thaw: () => setFrozen(`${lab}/${machine}`, false),
  }
}

function cableOf(lab: string, { name, machine }: NodeState): Pick<LabNode, 'cut' | 'heal'> {
  return {
    async cut() {
      await writeFile(cutMark(lab, name), '')
      await setLink(machine, 'down')
    },
    async heal() {
      await rm(cutMark(lab, name), { force: true })
      await setLink(machine, 'up')
    },
  }
}

/** The command that runs `argv` in the node. -r and -w matter: without them it would see the host's root. */
export function enterArgv(lab: string, node: string, argv: string[]): string[] {
  const leader = leaderOf(lab, node)
  if (!leader) throw new CommandError(`${node} is not running.`)
  return ['nsenter', '-t', String(leader), '-a', '-r', '-w', '--', ...argv]
}

interface Awaited {
  /** The boot that is over. */
  before?: string
  /** Throws when the node will not come any more. */
  assertOn?: () => void
}

/** Waits for the (next) boot to be complete, and for the node's network if that is not cut. */
export async function waitUntilUp(
  lab: string,
  { name, address }: NodeState,
  { before, assertOn }: Awaited = {},
): Promise<void> {
  let seen = 'nothing'
  await until(
    () => `${name} to boot (systemd says: ${seen}). Its console: ${consoleLog(lab, name)}`,
    async () => {
      assertOn?.()
      const bootId = await readBootId(lab, name)
      if (!bootId || bootId === before) return false
      seen = await askSystemd(lab, name)
      return seen === 'running' || seen === 'degraded'
    },
    bootTimeoutMs,
  )
  if (seen === 'degraded')
    throw new CommandError(`${name} is up, but these units failed: ${await findFailedUnits(lab, name)}`)
  if (existsSync(cutMark(lab, name))) return
  await until(`${name} to answer at ${address}`, () => answers(address))
  await until(`${name} to see itself that its cable is in`, async () => seesItsCable(lab, name))
}

// The kernel tells a node of it some time after the first packet has gone through, and until then it has no address to programs that ask.
function seesItsCable(lab: string, node: string): boolean {
  const path = `/proc/${leaderOf(lab, node)}/root/sys/class/net/host0/operstate`
  return existsSync(path) && readFileSync(path, 'utf8').trim() === 'up'
}

function leaderOf(lab: string, node: string): number | undefined {
  return findNspawns(nodeDir(lab, node)).map(findLeader).find(Boolean)
}

async function readBootId(lab: string, node: string): Promise<string | undefined> {
  const path = `/proc/${leaderOf(lab, node)}/root/proc/sys/kernel/random/boot_id`
  return existsSync(path) ? (await readFile(path, 'utf8')).trim() : undefined
}

const enterQuietly = (lab: string, node: string, argv: string[]) =>
  run(enterArgv(lab, node, argv), { env: environment, timeoutMs: bootTimeoutMs })

async function askSystemd(lab: string, node: string): Promise<string> {
  const { stdout, stderr } = await enterQuietly(lab, node, ['systemctl', 'is-system-running', '--wait'])
  return (stdout || stderr).trim()
}

async function findFailedUnits(lab: string, node: string): Promise<string> {
  const { stdout } = await enterQuietly(lab, node, ['systemctl', '--failed', '--plain', '--no-legend'])
  return stdout
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter(Boolean)
    .join(', ')
}

// A refused connection is an answer: packets find the node and the way back to the gateway.
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 9, timeout: 500 })
    const done = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.on('connect', () => done(true))
    socket.on('timeout', () => done(false))
    socket.on('error', (error) => done(hasCode(error, 'ECONNREFUSED')))
  })
}
