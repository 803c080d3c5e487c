import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { type CommandContext, defineCommand, type Output, UsageError } from '../../cli/command.ts'
import { reachableHost, urlOf } from '../addresses.ts'
import { writeExample } from './example.ts'
import { found } from './found.ts'
import { enableUnit } from './unit.ts'

/** Where trivet-server.service has them. */
const usual = { data: '/var/lib/trivet', recipes: '/etc/trivet/recipes', roles: '/etc/trivet/roles' }

export const init = defineCommand<CommandContext>()({
  usage: 'server init [--data DIR] [--recipes DIR] [--roles DIR] [--url URL] [--example] [--systemd]',
  summary: 'Set up a server on this machine: its data, its CA, and the first admin.',
  details: `Prints the line to log in with as admin, once; a server that starts on that data later prints none. Run again, it changes
nothing that is there, and goes on where it was left.
Example: trivet server init --example --systemd`,
  flags: {
    data: { type: 'string' },
    recipes: { type: 'string' },
    roles: { type: 'string' },
    url: { type: 'string' },
    example: { type: 'boolean' },
    systemd: { type: 'boolean' },
  },
  options: z.object({
    data: z
      .string()
      .default(usual.data)
      .describe(`Where the server keeps what it remembers; ${usual.data} if not said.`),
    recipes: z.string().default(usual.recipes).describe(`Folder of the recipes; ${usual.recipes} if not said.`),
    roles: z.string().default(usual.roles).describe(`Folder of the roles; ${usual.roles} if not said.`),
    url: z
      .url({ protocol: /^https$/ })
      .transform((url) => new URL(url).origin)
      .optional()
      .describe('What operators and nodes reach the server by; port 8443 of this machine if not said.'),
    example: z.boolean().default(false).describe('Write a recipe and a role, hello, to begin with.'),
    systemd: z
      .boolean()
      .default(false)
      .describe('Have systemd start the server, now and at each boot (trivet-server.service).'),
  }),

  async run({ url = urlOf(reachableHost('0.0.0.0'), 8443), example, systemd, ...given }, { output }) {
    const folders = { data: resolve(given.data), recipes: resolve(given.recipes), roles: resolve(given.roles) }
    const other = (['data', 'recipes', 'roles'] as const).find((name) => folders[name] !== usual[name])
    if (systemd && other)
      throw new UsageError(`--systemd starts the unit, which has ${usual[other]}: leave out --${other}, or --systemd`)
    for (const folder of [folders.recipes, folders.roles]) await mkdir(folder, { recursive: true, mode: 0o755 })
    if (example) for (const path of await writeExample(folders)) output.note(`Wrote ${path}`)
    const { token, isServing } = await found(folders.data, Date.now())
    if (token === undefined) output.note(`${folders.data} is set up already; its admin was told how to log in then.`)
    else output.line(`trivet login ${token}@${url}`)
    if (systemd) await enableUnit()
    tellNext(output, { ...folders, example, isNew: token !== undefined, isServing: isServing || systemd })
  },
})

interface Told {
  data: string
  recipes: string
  roles: string
  example: boolean
  isNew: boolean
  isServing: boolean
}

function tellNext(output: Output, { data, recipes, roles, example, isNew, isServing }: Told) {
  output.note('Next:')
  if (!isServing) output.note(`  trivet server --data ${data} --recipes ${recipes} --roles ${roles}`)
  if (isNew) output.note('  that login line, where you work: the token in it is shown this once')
  output.note(`  trivet token create${example ? ' --role hello' : ''}, for each machine that is to be a node`)
}
