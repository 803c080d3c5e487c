import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCgroups } from './cgroup.ts'
import { bridgeOf, hasLink, removeLink, setLink } from './network.ts'
import { waitUntilUp } from './node.ts'
import { findNspawns } from './processes.ts'
import { must, until } from './run.ts'
import { consoleLog, cutMark, nodeDir, nodeRoot, type NodeState } from './state.ts'

export interface Bind {
  /** On the host. */
  from: string
  /** In the node, read-only. */
  to: string
}

export interface MachineOptions {
  lab: string
  node: NodeState
  subnet: number
  binds: Bind[]
  /** Told when a node that should run again cannot be started. */
  onError: (error: Error) => void
  /** Told when it begins to boot, and when it is off for longer than a reboot. */
  onPower: (isOn: boolean) => void
}

/** The supervisor of one node's systemd-nspawn. */
export interface Machine {
  /** Done when it begins to boot. */
  boot(): Promise<void>
  /** Done when the node is up. */
  start(): Promise<void>
  /** From now on a reboot from inside is a power-off. */
  retire(): void
}

// With --keep-unit systemd-nspawn ends with this code when the node reboots; any other is a power-off.
const rebootCode = 133

// The constant script joins the cgroups and becomes what follows: nothing that Node can do between fork and exec.
const joinThenBecome = 'for dir in $1; do echo $$ > "$dir/cgroup.procs" || exit 1; done; shift; exec "$@"'

/** An overlay on the base, so that a node costs milliseconds and no space. */
export async function mountRoot(lab: string, node: string, base: string): Promise<string> {
  const dir = nodeDir(lab, node)
  const [root, upper, work] = [nodeRoot(lab, node), join(dir, 'upper'), join(dir, 'work')]
  for (const each of [root, upper, work]) await mkdir(each, { recursive: true })
  const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`
  await must(['mount', '-t', 'overlay', 'overlay', '-o', layers, root])
  return root
}

export function makeMachine(options: MachineOptions): Machine {
  const { lab, node, onError, onPower } = options
  let retired = false
  let ended: number | null | undefined
  let booting: Promise<void> | undefined
  const isRunning = () => findNspawns(nodeDir(lab, node.name)).length > 0

  const bootOnce = async () => {
    if (isRunning()) return
    await removeLink(node.machine)
    const cgroups = await makeCgroups(`${lab}/${node.machine}`)
    if (retired) return
    ended = undefined
    const child = spawnNspawn(options, cgroups)
    child.once('error', onError)
    child.once('exit', (code) => {
      ended = code
      if (retired) return
      if (code === rebootCode) Promise.resolve(booting).then(boot).catch(onError)
      else onPower(false)
    })
    onPower(true)
    await until(`systemd-nspawn of ${node.name} to begin`, async () => ended !== undefined || isRunning())
    if (existsSync(cutMark(lab, node.name))) await cutAgain(node)
  }
  /** However many ask, and whenever: there is one nspawn of it. */
  const boot = () => (booting ??= bootOnce().finally(() => (booting = undefined)))

  return {
    boot,
    async start() {
      await boot()
      await waitUntilUp(lab, node, { assertOn: () => assertOn(options, ended) })
    },
    retire: () => void (retired = true),
  }
}

function assertOn({ lab, node }: MachineOptions, ended: number | null | undefined) {
  if (ended === undefined || ended === rebootCode) return
  throw new Error(`${node.name} ended with ${ended} while booting. Its console: ${consoleLog(lab, node.name)}`)
}

/** Its console goes to a file. */
function spawnNspawn(options: MachineOptions, cgroups: string[]): ChildProcess {
  const log = openSync(consoleLog(options.lab, options.node.name), 'a')
  const argv = ['-c', joinThenBecome, 'sh', cgroups.join(' '), ...nspawnArgv(options)]
  const child = spawn('sh', argv, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  return child
}

function nspawnArgv({ lab, node, subnet, binds }: MachineOptions): string[] {
  return [
    'systemd-nspawn',
    '--boot',
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--resolv-conf=off',
    '--timezone=off',
    `--network-bridge=${bridgeOf(subnet)}`,
    `--machine=${node.machine}`,
    `--hostname=${node.name}`,
    ...binds.map(({ from, to }) => `--bind-ro=${from}:${to}`),
    `--directory=${nodeRoot(lab, node.name)}`,
  ]
}

async function cutAgain({ name, machine }: NodeState): Promise<void> {
  await until(`the link of ${name} to appear`, async () => hasLink(machine))
  await setLink(machine, 'down')
}
