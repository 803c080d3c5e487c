import { readFileSync } from 'node:fs'
import { availableParallelism, hostname, networkInterfaces, release } from 'node:os'
import type { Facts } from '../../protocol/facts.ts'
import { readIfThere } from '../kept/state.ts'

/** How long each group of facts is believed before it is read again. */
const ttlMs = { hardware: 24 * 3600 * 1000, os: 3600 * 1000, network: 60 * 1000 }

/** Reads facts, each group at most once in its time to live. systeminformation is loaded only when something is read. */
export function factsReader(agentVersion: string, now: () => number = Date.now) {
  const hardware = remembered(readHardware, ttlMs.hardware, now)
  const system = remembered(readOs, ttlMs.os, now)
  const network = remembered(readNetwork, ttlMs.network, now)
  return async (): Promise<Facts> => ({
    ...(await hardware()),
    ...(await system()),
    ...(await network()),
    agentVersion,
  })
}

function remembered<Value>(read: () => Promise<Value>, ttl: number, now: () => number) {
  let known: { value: Value; until: number } | undefined
  return async () => {
    if (!known || known.until <= now()) known = { value: await read(), until: now() + ttl }
    return known.value
  }
}

async function readHardware() {
  const { default: information } = await import('systeminformation')
  const [system, memory] = await Promise.all([information.system(), information.mem()])
  return {
    cpus: availableParallelism(),
    memoryMb: Math.round(memory.total / 1024 / 1024),
    virtual: system.virtual ? system.virtualHost || system.model || 'yes' : 'none',
    machineId: readFileSync('/etc/machine-id', 'utf8').trim(),
  }
}

// os-release(5): the file all systemd distributions have; a process would be no more certain.
async function readOs() {
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n')
  const value = (name: string) =>
    lines
      .find((line) => line.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '') ?? ''
  return {
    hostname: hostname(),
    os: { id: value('ID'), version: value('VERSION_ID'), codename: value('VERSION_CODENAME') },
    kernel: release(),
    arch: process.arch,
  }
}

async function readNetwork() {
  const standard = interfaceOut(readIfThere('/proc/net/route') ?? '', readIfThere('/proc/net/ipv6_route') ?? '')
  const outside = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ address, internal, scopeid }) => (internal || scopeid ? [] : [{ name, address }])),
  )
  const [first] = [...outside.filter(({ name }) => name === standard), ...outside]
  return { address: first?.address ?? '127.0.0.1', addresses: outside.map(({ address }) => address).toSorted() }
}

/**
 * The interface of the default route with the lowest metric, of IPv4 where there is one: systeminformation starts a shell to ask for it. The tables
 * are the kernel's /proc/net/route (destination second, metric seventh, mask eighth) and /proc/net/ipv6_route (prefix length second, metric
 * sixth in hexadecimal, interface last).
 */
export function interfaceOut(route: string, ipv6Route: string) {
  const v4 = rowsOf(route)
    .filter((row) => row[1] === '00000000' && row[7] === '00000000')
    .map(([name, , , , , , metric]) => ({ name, metric: Number(metric) }))
  const v6 = rowsOf(ipv6Route)
    .filter((row) => row[0] === '0'.repeat(32) && row[1] === '00' && row.at(-1) !== 'lo')
    .map((row) => ({ name: row.at(-1), metric: Number.parseInt(row[5] ?? '', 16) }))
  return [v4, v6].map((routes) => routes.toSorted((one, other) => one.metric - other.metric)).flat()[0]?.name
}

function rowsOf(table: string) {
  return table.split('\n').map((line) => line.trim().split(/\s+/))
}
