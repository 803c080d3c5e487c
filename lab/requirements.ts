import { existsSync, readFileSync } from 'node:fs'
import { CommandError } from '../cli/command.ts'
import { must } from './run.ts'

/** What a lab calls on the host, and the Debian package that brings it. */
const needed: Record<string, string> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  nft: 'nftables',
  ip: 'iproute2',
  nsenter: 'util-linux',
  flock: 'util-linux',
  mount: 'mount',
}
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const capabilities = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n }

/** Why no lab can be had on this machine, or undefined. Cheap: a test that skips asks it. */
export function whyNoLab(): string | undefined {
  if (process.platform !== 'linux')
    return `A lab boots real nodes with systemd-nspawn: it needs Linux, not ${process.platform}.`
  if (process.getuid?.() !== 0) return 'A lab makes mounts, bridges and namespaces: it needs root (try sudo).'
  const lacking = findLackingCapabilities()
  if (lacking.length > 0)
    return `A lab needs ${lacking.join(' and ')}, which this root (in a container?) does not have.`
  const missing = findMissingPackages()
  if (missing.length > 0 && !hasProgram('apt-get')) return `A lab needs these packages: install ${missing.join(', ')}.`
  return undefined
}

/** Throws what `whyNoLab` says; installs missing packages where apt can. */
export async function ensureRequirements(note: (text: string) => void): Promise<void> {
  const reason = whyNoLab()
  if (reason) throw new CommandError(reason)
  const missing = findMissingPackages()
  if (missing.length === 0) return
  note(`Installing what a lab needs on this machine: ${missing.join(', ')}`)
  await must(['apt-get', 'update'])
  await must(['apt-get', 'install', '--yes', '--no-install-recommends', '--', ...missing])
}

function findMissingPackages(): string[] {
  const packages = Object.keys(needed)
    .filter((program) => !hasProgram(program))
    .map((program) => needed[program] ?? '')
  return [...new Set([...packages, ...(existsSync(keyring) ? [] : ['debian-archive-keyring'])])]
}

function hasProgram(name: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((dir) => existsSync(`${dir}/${name}`))
}

function findLackingCapabilities(): string[] {
  const effective = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  const held = BigInt(`0x${effective}`)
  return Object.entries(capabilities)
    .filter(([, bit]) => ((held >> bit) & 1n) === 0n)
    .map(([name]) => name)
}
