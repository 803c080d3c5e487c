import { z } from 'zod'
import { commandFailed, defineResource, differences } from './define.ts'
import type { Host } from './host.ts'
import { makeMissing, putText, textDifferences } from './files/text-file.ts'
import { givenJustWhenPresent } from './names.ts'

const folder = '/etc/sysctl.d'

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether the value is kept; once absent, the kernel goes on with what it has until the next boot.'),
  value: z
    .union([z.string().regex(/^[^\n\0]*\S[^\n\0]*$/, 'must be one line'), z.int()])
    .optional()
    .describe('What the kernel is to be told. Of several numbers, blanks in whatever width lie between.'),
})
type Want = z.infer<typeof Props>

export const sysctl = defineResource({
  type: 'sysctl',
  summary:
    'A setting of the kernel: live in /proc/sys, and from /etc/sysctl.d at each boot, after what others set there.',
  example: `sysctl('net.ipv4.tcp_keepalive_time', { value: 600 })
sysctl('net.ipv4.ip_local_port_range', { value: '20000 60999' })`,
  name: z
    .string()
    .regex(
      /^[a-z]+(\.[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*)+$/,
      'must be a key as sysctl shows it, such as vm.swappiness; a slash stands for a dot within a part, as in net.ipv4.conf.eth0/100.rp_filter',
    ),
  props: Props,
  problem: (_name, { ensure, value }) => givenJustWhenPresent('a value', ensure, value !== undefined),
  paths: (key) => [dropFile(key)],
  owns: (key) => [dropFile(key)],

  async check(key, want, host) {
    return [
      ...(want.value === undefined ? [] : differences({ live: liveValue(key, host) }, { live: shown(want.value) })),
      ...(await textDifferences('at boot', dropFile(key), dropText(key, want), host)),
    ]
  },

  async apply(key, want, host) {
    if (want.value !== undefined) await setLive(key, shown(want.value), host)
    await persist(key, want, host)
  },

  async effects(key, want, foreseen) {
    if (want.value !== undefined && liveValue(key, foreseen) !== shown(want.value)) {
      assertKnown(key, foreseen)
      const { exitCode } = await foreseen.look(['test', '-w', livePath(key)])
      if (exitCode !== 0) throw readOnly(key)
      foreseen.foresee(livePath(key), { kind: 'file', bytes: Buffer.from(`${shown(want.value)}\n`) })
    }
    await persist(key, want, foreseen)
  },
})

async function persist(key: string, want: Want, host: Host) {
  makeMissing(folder, host)
  await putText(dropFile(key), dropText(key, want), host)
}

/** sysctl.d(5) takes the last by name; `99-sysctl.conf` is Debian's link to what people set. */
function dropFile(key: string) {
  return `${folder}/99-trivet-${key.replaceAll('/', ':')}.conf`
}

function dropText(key: string, { value }: Want) {
  return value === undefined ? null : `${key} = ${shown(value)}\n`
}

function livePath(key: string) {
  const parts = key.split('.').map((part) => part.replaceAll('/', '.'))
  return `/proc/sys/${parts.join('/')}`
}

function liveValue(key: string, { files }: Host) {
  const path = livePath(key)
  return files.stat(path)?.kind === 'file' ? shown(files.read(path).toString()) : undefined
}

/** The kernel parts numbers by tabs, people by blanks. */
function shown(value: string | number) {
  return String(value).trim().replace(/\s+/g, ' ')
}

async function setLive(key: string, value: string, host: Host) {
  if (liveValue(key, host) === value) return
  assertKnown(key, host)
  const argv = ['tee', '--', livePath(key)]
  const result = await host.run(argv, { input: `${value}\n` })
  if (result.exitCode === 0) return
  if (result.stderr.includes('Read-only file system')) throw readOnly(key)
  throw new Error(`The kernel did not take ${value} for ${key}. ${commandFailed(argv, result)}`)
}

function assertKnown(key: string, { files }: Host) {
  if (!files.stat(livePath(key)))
    throw new Error(
      `This kernel has no ${livePath(key)}. Correct the key, or declare the kernel_module that brings it before sysctl[${key}].`,
    )
}

function readOnly(key: string) {
  return new Error(
    `${livePath(key)} is read-only in this node. In a container most keys are: set ${key} on its host, and leave sysctl[${key}] out here.`,
  )
}
