import { existsSync } from 'node:fs'
import { must } from './run.ts'

/** What nodes and bases take over from the apt configuration of the host. */
export interface HostApt {
  proxy: string | undefined
  /** Lines of apt.conf: a host whose mirror is a snapshot says here that old indexes are good. */
  lines: string[]
}

const inherited = ['Acquire::Check-Valid-Until', 'Acquire::Check-Date']

export async function readHostApt(): Promise<HostApt> {
  if (!existsSync('/usr/bin/apt-config')) return { proxy: undefined, lines: [] }
  return parseAptConfig(await must(['apt-config', 'dump']))
}

export function parseAptConfig(dump: string): HostApt {
  const settings = new Map([...dump.matchAll(/^(\S+) "(.*)";$/gm)].map(([, key = '', value = '']) => [key, value]))
  const proxy = settings.get('Acquire::http::Proxy')
  return {
    proxy: proxy && proxy !== 'DIRECT' ? proxy : undefined,
    lines: inherited.filter((key) => settings.get(key)).map((key) => `${key} "${settings.get(key)}";`),
  }
}

/** The lines that send a node to the lab's cache; https goes past it, as nobody could keep that. */
export function cacheLines(url: string): string[] {
  return [`Acquire::http::Proxy "${url}";`, 'Acquire::https::Proxy "DIRECT";', 'Acquire::http::Timeout "180";']
}
