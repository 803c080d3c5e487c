import { z } from 'zod'
import type { RecipeContext } from 'trivet/recipe'

const User = z
  .strictObject({
    keys: z
      .record(z.string(), z.string())
      .default({})
      .describe('Keys with which the user may log in: comment to type and key, as in a .pub file.'),
    clusterKey: z
      .string()
      .optional()
      .describe(
        'A public key that is good only from the private addresses of this cluster. Its private half is no attribute: put it on the nodes by the way that you trust with secrets.',
      ),
    sudo: z.boolean().default(false).describe('Whether the user may do everything by sudo, without a password.'),
    groups: z.array(z.string()).default([]).describe('Further groups that the user is in.'),
    shell: z.string().default('/bin/bash').describe('The login shell.'),
  })
  .refine(
    ({ keys, clusterKey }) => !Object.values(keys).includes(clusterKey ?? ''),
    'has its clusterKey among its keys, where it would be good from everywhere',
  )

const Ssh = z.strictObject({
  server: z
    .boolean()
    .default(false)
    .describe('Whether sshd is installed and takes keys only, from nobody as root. See to a user with a key first.'),
  options: z
    .record(z.string(), z.union([z.string(), z.int()]))
    .default({})
    .describe('Further options of sshd_config(5), or other values of those that are set.'),
  knownHosts: z
    .record(z.string(), z.string())
    .default({})
    .describe('Host keys that all users know: name or address to type and key.'),
})

const Time = z.strictObject({
  sync: z.boolean().default(false).describe('Whether chrony keeps the clock.'),
  servers: z.array(z.string()).default([]).describe("Servers to take the time from; without any, Debian's own pool."),
  serve: z
    .boolean()
    .default(false)
    .describe('Whether the other nodes of the cluster may take the time from this one, also when it has no source.'),
  setClock: z
    .boolean()
    .default(true)
    .describe("Whether chrony sets the clock. A container has its host's: there it can only tell how far off it is."),
})

const Updates = z.strictObject({
  install: z
    .boolean()
    .default(false)
    .describe("Whether updates are installed unattended. Debian's own timers of apt are masked then."),
  window: z
    .string()
    .default('Sun *-*-* 03:00')
    .describe('When they begin, as in systemd.time(7). One that is missed is not made up for.'),
  splaySec: z.int().min(0).default(3600).describe('How long the window is: each node begins at some time in it.'),
  blocked: z.array(z.string()).default([]).describe('Packages that are never updated so, as regular expressions.'),
})

export const Attributes = z.strictObject({
  packages: z.array(z.string()).default([]).describe('Debian packages that every node is to have.'),
  removed: z.array(z.string()).default([]).describe('Debian packages that no node is to have, configuration and all.'),
  hosts: z
    .record(z.string(), z.array(z.string()).min(1))
    .default({})
    .describe('Further lines of /etc/hosts: address to names.'),
  names: z
    .record(z.string(), z.array(z.string()).min(1))
    .default({})
    .describe(
      'Further names of nodes, such as public ones: name of the node to names. They lead to private addresses.',
    ),
  hostname: z.boolean().default(false).describe("Whether the machine's own name is made that of the node."),
  users: z.record(z.string(), User).default({}).describe('Users of the node: name to keys, sudo, groups and shell.'),
  ssh: Ssh.prefault({}).describe('How people and nodes log in.'),
  time: Time.prefault({}).describe('Who keeps the clock.'),
  updates: Updates.prefault({}).describe('When updates are installed unattended.'),
  sysctl: z
    .record(z.string(), z.union([z.string(), z.int()]))
    .default({})
    .describe('Settings of the kernel: key to value.'),
  openFiles: z
    .int()
    .min(1024)
    .optional()
    .describe('How many files a process may open, in sessions and in services that do not say it themselves.'),
})

export type Context = RecipeContext<z.output<typeof Attributes>>
