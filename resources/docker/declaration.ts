import { z } from 'zod'
import { Argv } from '../../protocol/argv.ts'
import { digestOf } from '../../protocol/catalog.ts'
import { ImageName } from '../docker-image.ts'

/** Which declaration a container was made by. */
export const label = 'trivet.declaration'
const Word = z.string().regex(/^[^\s\0-][^\n\0]*$/, 'must be one line, and not begin with a dash')

export const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether it is there.'),
  running: z.boolean().default(true).describe('Whether it runs, or is only made.'),
  image: ImageName.optional().describe('What it is made of. It is pulled where it is missing.'),
  command: Argv.optional().describe("What it runs, in the place of the image's own."),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .default({})
    .describe('Its environment.'),
  ports: z
    .array(
      z
        .string()
        .regex(
          /^([0-9.]+:|\[[0-9a-f:]+\]:)?\d+:\d+(\/(tcp|udp|sctp))?$/,
          'must be as 8080:80 or 127.0.0.1:8080:80/udp',
        ),
    )
    .default([])
    .describe('Ports of the machine that lead to its own: `8080:80`, `127.0.0.1:8080:80/udp`.'),
  volumes: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9/][^\n\0:]*:\/[^\n\0:]*(:[a-zA-Z,]+)?$/, 'must be as /srv/data:/data or data:/data:ro'),
    )
    .default([])
    .describe('Directories of the machine, or named volumes, that it sees: `/srv/data:/data`, `data:/data:ro`.'),
  network: Word.optional().describe("The network that it is in, such as host or none. Left out, Docker's own."),
  user: Word.optional().describe("Whom it runs as. Left out, the image's own."),
  restart: z
    .enum(['no', 'always', 'unless-stopped', 'on-failure'])
    .default('unless-stopped')
    .describe('When Docker itself starts it again.'),
  settleMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(1000)
    .describe('How long it must stay up after a start before the start counts.'),
})
export type Want = z.infer<typeof Props>

/** A container made by another one must be made anew. */
export function declarationOf({ ensure: _ensure, running: _running, settleMs: _settleMs, ...declared }: Want) {
  return digestOf(declared)
}

export function createArgv(name: string, want: Want) {
  const { image = '', command = [], env, ports, volumes, network, user, restart } = want
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  return [
    'docker',
    'container',
    'create',
    ...each('--name', [name]),
    ...each('--label', [`${label}=${declarationOf(want)}`]),
    ...each('--restart', [restart]),
    ...each('--env', variables),
    ...each('--publish', ports),
    ...each('--volume', volumes),
    ...each('--network', network === undefined ? [] : [network]),
    ...each('--user', user === undefined ? [] : [user]),
    '--',
    image,
    ...command,
  ]
}

function each(flag: string, values: string[]) {
  return values.flatMap((value) => [flag, value])
}
