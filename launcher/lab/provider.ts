import { open } from 'node:fs/promises'
import { CommandError } from '../../cli/command.ts'
import { askHolder } from '../../lab/control.ts'
import type { LaunchedNode } from '../../lab/launched.ts'
import { gatewayOf } from '../../lab/network.ts'
import { openNode, downLab } from '../../lab/remote.ts'
import { until } from '../../lab/run.ts'
import { consoleLog, type Os } from '../../lab/state.ts'
import { unlessMissing } from '../../protocol/errors.ts'
import type { Machine, Provider } from '../provider.ts'
import { type ClusterLab, ensureLab, findLab } from './cluster-lab.ts'

export interface LabProviderOptions {
  cluster: string
  os?: Os
  note: (text: string) => void
}

/** As much as EC2 gives. */
const consoleBytes = 64 * 1024
const stopMs = 90_000

/**
 * Real nodes on this machine in a detached lab that is named after the cluster. There are no zones, types, volumes, security rules, protection or prices in
 * a lab: what a cluster file says of them holds for EC2 alone.
 */
export function makeLabProvider({ cluster, os = 'trixie', note }: LabProviderOptions): Provider {
  return {
    scope: 'lab',
    attests: false,
    latestMs: 0,
    async hostAddress() {
      const lab = await findLab(cluster)
      if (!lab) throw new CommandError(`lab ${cluster} is not up. Next: try again`)
      return gatewayOf(lab.subnet)
    },
    ...things(cluster),
    typeOf: () => 'lab',
    mayHaveAgent: () => false,
    shellOf: ({ node }) => ['trivet', 'lab', 'shell', node],
    image: async () => os,
    placements: async () => [{ instanceType: 'lab' }],
    differences: async () => [],
    prepare: () => ensureLab({ cluster, os, note }),
    async launch({ node, group, attempt, userData }) {
      const labels = { cluster, group, attempt }
      await askHolder(cluster, { verb: 'launch', name: node, labels, instance: attempt, userData })
      return node
    },
    rehearse: async () => undefined,
    keepWhenOff: async () => undefined,
    adjust: async () => undefined,
    ...switches(cluster),
    release: async () => undefined,
    protectedOf: async () => [],
    terminate: (machines) => each(machines, ({ node }) => askHolder(cluster, { verb: 'remove', name: node })),
    console: ({ node }) => lastOf(consoleLog(cluster, node), consoleBytes),
  }
}

function things(cluster: string): Pick<Provider, 'machines' | 'belongings' | 'remove'> {
  return {
    async machines() {
      const lab = await findLab(cluster)
      return lab?.launched.map((node) => machineOf(lab, node)) ?? []
    },
    async belongings() {
      const lab = await findLab(cluster)
      return lab ? [{ kind: 'network', id: lab.name, name: `lab ${lab.name}`, isKept: false }] : []
    },
    async remove(belongings) {
      for (const { id } of belongings) if (await findLab(id)) await downLab(id)
    },
  }
}

function switches(cluster: string): Pick<Provider, 'start' | 'stop' | 'reboot'> {
  return {
    start: (machines) => each(machines, ({ node }) => askHolder(cluster, { verb: 'boot', name: node })),
    stop: (machines) => each(machines, ({ node }) => turnOff(cluster, node)),
    reboot: (machines) => each(machines, ({ node }) => order(cluster, node, 'reboot')),
  }
}

async function each(machines: Machine[], change: (machine: Machine) => Promise<void>): Promise<void> {
  await Promise.all(machines.map(change))
}

function machineOf({ os, nodes }: ClusterLab, { name, labels, madeAt, isOn }: LaunchedNode): Machine {
  const address = nodes.find((node) => node.name === name)?.address
  return {
    id: name,
    node: name,
    group: labels['group'] ?? '',
    attempt: labels['attempt'] ?? '',
    state: isOn ? 'running' : 'stopped',
    image: os,
    instanceType: 'lab',
    zone: 'lab',
    launchedAt: madeAt,
    ...(isOn && address && { privateAddress: address }),
  }
}

/** Asks the node's systemd, as the button of a machine does; what does not go within a while loses its power. */
async function turnOff(cluster: string, name: string): Promise<void> {
  if (!(await seesOn(cluster, name))) return
  await order(cluster, name, 'poweroff')
  await until(`${name} to turn itself off`, async () => !(await seesOn(cluster, name)), stopMs).catch(async () => {
    const { node } = await openNode(name)
    await node.kill()
    await until(`${name} to be off`, async () => !(await seesOn(cluster, name)))
  })
}

async function seesOn(cluster: string, name: string): Promise<boolean> {
  const node = (await findLab(cluster))?.launched.find((launched) => launched.name === name)
  if (!node) throw new CommandError(`There is no node ${name} in lab ${cluster}. Those that there are: trivet lab list`)
  return node.isOn
}

/** A node that only begins to boot has no systemd to be asked yet. */
async function order(cluster: string, name: string, verb: 'reboot' | 'poweroff'): Promise<void> {
  let said = ''
  await until(
    () => `${name} to take the order to ${verb}. ${said}`,
    async () => {
      if (!(await seesOn(cluster, name))) return true
      const { node } = await openNode(name)
      try {
        const { exitCode, stderr } = await node.exec(['systemctl', '--no-block', verb], { timeoutMs: 30_000 })
        said = stderr.trim()
        return exitCode === 0
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        said = error.message
        return false
      }
    },
    stopMs,
  )
}

async function lastOf(path: string, bytes: number): Promise<string> {
  const file = await open(path).catch(unlessMissing)
  if (!file) return ''
  try {
    const { size } = await file.stat()
    const at = Math.max(0, size - bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, bytes)), 0, Math.min(size, bytes), at)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
