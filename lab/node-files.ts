import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { NodeState } from './state.ts'

export interface NodeFiles {
  node: NodeState
  gateway: string
  aptLines: string[]
  launch?: LaunchFiles | undefined
}

/** What cloud-init finds at the first boot. */
export interface LaunchFiles {
  /** cloud-init runs the user data once for each of them. */
  instance: string
  userData: string
}

/** Gives a node that has not booted yet its name, address, resolver and way to packages. */
export async function writeNodeFiles(root: string, { node, gateway, aptLines, launch }: NodeFiles): Promise<void> {
  await put(root, 'etc/hostname', `${node.name}\n`)
  await put(root, 'etc/hosts', `127.0.0.1 localhost\n${node.address} ${node.name}\n`)
  await put(root, 'etc/resolv.conf', await readResolvers())
  await put(root, 'etc/apt/apt.conf.d/99trivet-lab', aptLines.map((line) => `${line}\n`).join(''))
  // The name sorts before systemd's own 80-container-host0.network. A cut link keeps its address, as a pulled cable does.
  await put(root, 'etc/systemd/network/10-host0.network', networkFile(node.address, gateway))
  if (launch) await writeSeed(root, node.name, launch)
}

/** As a cloud would serve it. Network and packages are the lab's, and there is no SSH to make keys for. User data may hold a secret. */
async function writeSeed(root: string, name: string, { instance, userData }: LaunchFiles): Promise<void> {
  const seed = 'var/lib/cloud/seed/nocloud'
  const own = [
    'datasource_list: [NoCloud]',
    'network: { config: disabled }',
    'apt: { preserve_sources_list: true }',
    'ssh_genkeytypes: []',
  ]
  await put(root, 'etc/cloud/cloud.cfg.d/99_trivet_lab.cfg', own.map((line) => `${line}\n`).join(''))
  await put(root, `${seed}/meta-data`, `instance-id: ${JSON.stringify(instance)}\nlocal-hostname: ${name}\n`)
  await put(root, `${seed}/user-data`, userData, 0o600)
}

function networkFile(address: string, gateway: string): string {
  return `[Match]
Name=host0

[Link]
RequiredForOnline=yes

[Network]
Address=${address}/24
Gateway=${gateway}
LinkLocalAddressing=no
IPv6AcceptRA=no
ConfigureWithoutCarrier=yes
IgnoreCarrierLoss=yes
`
}

// Removed first: where it is a link (to a resolver's file), writing would follow it, out of the node's root.
async function put(root: string, path: string, content: string, mode = 0o644): Promise<void> {
  const target = join(root, path)
  await mkdir(dirname(target), { recursive: true })
  await rm(target, { force: true })
  await writeFile(target, content, { mode })
}

// A resolver on the host's loopback cannot be reached from a node; systemd-resolved keeps its upstreams beside it.
async function readResolvers(): Promise<string> {
  const own = await readFile('/etc/resolv.conf', 'utf8')
  const upstream = '/run/systemd/resolve/resolv.conf'
  const onlyLoopback = !/^nameserver\s+(?!127\.|::1)/m.test(own)
  return onlyLoopback && existsSync(upstream) ? readFile(upstream, 'utf8') : own
}
