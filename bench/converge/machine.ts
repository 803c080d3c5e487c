import { cpus, release, totalmem } from 'node:os'
import type { Machine } from '../figures.ts'
import type { Peer } from './contenders.ts'
import type { Site } from './site.ts'

export async function readMachine({ must }: Site, peers: Peer[]): Promise<Machine> {
  const versionOf = async (argv: string[]) => /\d+\.\d+[.\d]*/.exec(await must(argv))?.[0] ?? 'unknown'
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    versions: {
      'Node.js': await versionOf(['/usr/lib/trivet/node', '--version']),
      Trivet: await versionOf(['trivet-agent', '--version']),
      ...(peers.includes('puppet') && { Puppet: await versionOf(['puppet', '--version']) }),
      ...(peers.includes('cfengine') && { CFEngine: await versionOf(['cf-agent', '--version']) }),
    },
  }
}
