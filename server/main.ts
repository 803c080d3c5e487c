import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { startServer } from './server.ts'

const unitMs = { s: 1000, m: 60_000, h: 3600_000 }

const Duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smh]$/, 'a number and s, m or h, such as 30m')
  .transform(
    (text) => Number(text.slice(0, -1)) * (text.endsWith('s') ? unitMs.s : text.endsWith('m') ? unitMs.m : unitMs.h),
  )

const Listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'HOST:PORT, such as 0.0.0.0:8443')
  .transform((text) => ({
    host: text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, ''),
    port: Number(text.slice(text.lastIndexOf(':') + 1)),
  }))
  .refine(({ port }) => port <= 65_535, 'a port is at most 65535')

export const server = defineCommand<CommandContext>()({
  usage: 'server --data DIR [--listen HOST:PORT] [--recipes DIR] [--roles DIR] [--interval TIME]',
  summary: 'Run the server.',
  details: `The first start prints a line to log in with as admin; it is shown once. All that the server remembers is in
--data, readable by its user alone. Logs go to stderr, one JSON a line. SIGTERM and Ctrl-C end it cleanly.`,
  flags: {
    data: { type: 'string' },
    listen: { type: 'string' },
    recipes: { type: 'string' },
    roles: { type: 'string' },
    interval: { type: 'string' },
  },
  options: z.object({
    data: z.string().describe('where the server keeps what it remembers'),
    listen: Listen.prefault('0.0.0.0:8443').describe('address and port for operators and agents'),
    recipes: z.string().default('recipes').describe('folder of the recipes'),
    roles: z.string().default('roles').describe('folder of the roles'),
    interval: Duration.prefault('30m').describe('how often agents converge of their own accord'),
  }),

  async run({ data, listen, recipes, roles, interval }, context) {
    const { output } = context
    const running = await startServer({
      ...listen,
      data: resolve(data),
      recipes: resolve(recipes),
      roles: resolve(roles),
      intervalMs: interval,
      version: readVersion(),
      log: { level: 'info', to: process.stderr },
    })
    output.note(`Trivet listens on ${running.url}; its data is in ${resolve(data)}.`)
    if (running.adminInvitation !== undefined) output.line(`trivet login ${running.adminInvitation}`)
    await aborted(context.interrupted())
    await running.close()
  },
})

function readVersion() {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))
  return version
}

function aborted(signal: AbortSignal) {
  return new Promise<void>((resolved) => {
    if (signal.aborted) resolved()
    signal.addEventListener('abort', () => resolved(), { once: true })
  })
}
