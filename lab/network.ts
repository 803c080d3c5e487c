import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import { must, run } from './run.ts'

export const bridgeOf = (subnet: number) => `tvlab${subnet}`
export const gatewayOf = (subnet: number) => `10.213.${subnet}.1`
export const addressOf = (subnet: number, index: number) => `10.213.${subnet}.${10 + index}`
const linkOf = (machine: string) => `vb-${machine}`
const cidrOf = (subnet: number) => `10.213.${subnet}.0/24`
const tableOf = (subnet: number) => `trivet_lab_${subnet}`

/** Gives K of the first free 10.213.K.0/24. Routes wider than /16 do not count: the bridge's own goes first. */
export function chooseSubnet(routes: string[]): number {
  const taken = routes.map(parseCidr).filter(({ bits }) => bits >= 16)
  for (let subnet = 0; subnet < 256; subnet++) {
    const candidate = parseCidr(cidrOf(subnet))
    if (!taken.some((route) => overlap(route, candidate))) return subnet
  }
  throw new Error('All of 10.213.0.0/16 is taken on this machine: no subnet is left for a lab.')
}

const Routes = z.array(z.object({ dst: z.string() }))

/** All IPv4 destinations that this machine has a route for, `default` left out. */
export async function findRoutes(): Promise<string[]> {
  const routes = Routes.parse(JSON.parse(await must(['ip', '-json', '-4', 'route', 'show', 'table', 'all'])))
  return routes.map(({ dst }) => dst).filter((dst) => dst !== 'default')
}

/** A bridge with the gateway's address, and a table of its own that lets its nodes out to the world. */
export async function makeNetwork(subnet: number): Promise<void> {
  const bridge = bridgeOf(subnet)
  await must(['ip', 'link', 'add', bridge, 'type', 'bridge'])
  await must(['ip', 'address', 'add', `${gatewayOf(subnet)}/24`, 'dev', bridge])
  await must(['ip', 'link', 'set', bridge, 'up'])
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  const rule = `ip saddr ${cidrOf(subnet)} oifname != "${bridge}" masquerade`
  const chain = `chain out {\ntype nat hook postrouting priority srcnat\n${rule}\n}`
  await must(['nft', '-f', '-'], { input: `table ip ${tableOf(subnet)} {\n${chain}\n}\n` })
}

export async function removeNetwork(subnet: number): Promise<void> {
  if (existsSync(`/sys/class/net/${bridgeOf(subnet)}`)) await must(['ip', 'link', 'delete', bridgeOf(subnet)])
  const tables = await must(['nft', 'list', 'tables', 'ip'])
  if (tables.split('\n').includes(`table ip ${tableOf(subnet)}`)) {
    await must(['nft', 'delete', 'table', 'ip', tableOf(subnet)])
  }
}

export async function setLink(machine: string, state: 'up' | 'down'): Promise<void> {
  await must(['ip', 'link', 'set', linkOf(machine), state])
}

/**
 * The cable of a node that is dead. By itself it goes with the node's network namespace, which the kernel clears away one after
 * another when it finds time, and not while anybody holds it: more than half a minute was seen on a busy machine.
 */
export async function removeLink(machine: string): Promise<void> {
  if (!hasLink(machine)) return
  const { exitCode, stderr } = await run(['ip', 'link', 'delete', linkOf(machine)])
  const isThere = exitCode !== 0 && hasLink(machine) // it may have gone by itself at the same moment
  if (isThere) throw new CommandError(`ip link delete ${linkOf(machine)} exited with ${exitCode}: ${stderr.trim()}`)
}

export const hasLink = (machine: string) => existsSync(`/sys/class/net/${linkOf(machine)}`)

interface Cidr {
  first: number
  bits: number
}

function parseCidr(text: string): Cidr {
  const [address = '', bits = '32'] = text.split('/')
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  return { first: value, bits: Number(bits) }
}

function overlap(one: Cidr, other: Cidr): boolean {
  const size = 2 ** (32 - Math.min(one.bits, other.bits))
  return Math.floor(one.first / size) === Math.floor(other.first / size)
}
