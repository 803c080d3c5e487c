import { execFile } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { type Flags } from '../shared/mesos-flags.ts'
import type { Resources } from '../shared/protocol.ts'
import { parseResources } from '../shared/resources.ts'

const mib = 1024 * 1024

/** What is offered where no flag says else: all but what the machine itself is held to need. */
export function resourcesOf({ resources, work_dir = '/' }: Flags): Resources {
  const memory = Math.floor(totalmem() / mib)
  const { blocks, bsize } = statfsSync(work_dir)
  const disk = Math.floor((blocks * bsize) / mib)
  return {
    cpus: cpus().length,
    mem: memory < 2048 ? Math.floor(memory / 2) : memory - 1024,
    disk: disk < 10_240 ? Math.floor(disk / 2) : disk - 5120,
    gpus: 0,
    ports: [[31_000, 32_000]],
    ...parseResources(resources ?? ''),
  }
}

/** `rack:a;zone:b`; throws on what is no pair. */
export function attributesOf(text = ''): Record<string, string> {
  return Object.fromEntries(
    text
      .split(';')
      .filter((one) => one.trim() !== '')
      .map((one) => {
        const at = one.indexOf(':')
        if (at < 1) throw new Error(`Failed to parse attributes: Invalid attribute key:value pair '${one}'`)
        return [one.slice(0, at).trim(), one.slice(at + 1).trim()]
      }),
  )
}

/** Throws as the docker containerizer does, where there is no command or no daemon that answers. */
export async function assertDocker({ docker = 'docker', docker_socket = '/var/run/docker.sock' }: Flags) {
  const { stdout } = await promisify(execFile)(
    docker,
    ['-H', `unix://${docker_socket}`, 'version', '--format', '{{.Server.Version}}'],
    {
      timeout: 20_000,
    },
  )
  const [major = 0, minor = 0] = stdout.trim().split('.').map(Number)
  if (major < 1 || (major === 1 && minor < 8))
    throw new Error(`Insufficient version '${stdout.trim()}' of Docker. Please upgrade to >= 1.8.0`)
}
