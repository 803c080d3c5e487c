import Sqlite from 'better-sqlite3'
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type CommandContext, CommandError, defineCommand } from '../cli/command.ts'
import type { Login } from '../cli/login-file.ts'
import packageJson from '../package.json' with { type: 'json' }
import { commonFlags, commonOptions, tell } from './command.ts'
import { withServer } from './history/asking.ts'
import { generate, usual } from './history/generate.ts'
import { withRelay } from './live/relay.ts'
import { figuresOf, type Found, markdownOf, tooSlow } from './live/report.ts'
import { agentsOf, type Crew, talkersOf } from './live/speakers.ts'
import { talks, timesOf } from './live/talk.ts'
import { thisMachine } from './machine.ts'

const number = z.coerce.number().int().min(1)

export const live = defineCommand<CommandContext>()({
  usage: 'live [--nodes N] [--runs N] [--data DIR] [--write-readme] [--json]',
  summary: 'How soon who watches reads what an agent does; beside a bare relay of the same bytes.',
  flags: { nodes: { type: 'string' }, runs: { type: 'string' }, data: { type: 'string' }, ...commonFlags },
  options: z.object({
    ...commonOptions,
    nodes: number.default(usual.nodes).describe('How many nodes there are beside the agents that speak.'),
    runs: number.default(usual.nodes).describe('How many runs they made.'),
    data: z.string().optional().describe('Take a copy of what is in this folder, as `history --data` has made it.'),
  }),

  async run({ nodes, runs, data, ...told }, context) {
    const folder = mkdtempSync(join(tmpdir(), 'trivet-live-'))
    const note = (text: string) => context.output.note(text)
    const signal = context.interrupted()
    try {
      if (data === undefined) await generate(folder, { ...usual, nodes, runs, until: Date.now() }, note, signal)
      else copyData(resolve(data), folder)
      const found = await measured(folder, note, signal)
      tell({ ...found, figures: figuresOf(found.heard) }, markdownOf, { section: 'live', told, context })
      const slow = tooSlow(found.heard)
      if (slow.length > 0) throw new CommandError(`too slow: ${slow.join(', ')}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

type Note = (text: string) => void

async function measured(folder: string, note: Note, signal: AbortSignal): Promise<Found> {
  const database = new Sqlite(join(folder, 'trivet.db'), { readonly: true })
  const count = (table: string) => Number(database.prepare(`select count(*) from ${table}`).pluck().get())
  const [nodes, runs] = [count('nodes'), count('runs')]
  database.close()
  const measure = (login: Login, speakersOf: (login: Login, count: number) => Promise<Crew>) =>
    oneAfterAnother(login, speakersOf, (talk) => {
      if (signal.aborted) throw new CommandError('interrupted')
      note(talk)
    })
  note('a bare relay')
  const relayed = await withRelay((login) => measure(login, talkersOf))
  note(`a server with ${nodes} nodes and ${runs} runs`)
  const served = await withServer(folder, (login) => measure(login, agentsOf))
  const heard = talks.map(({ name }) => ({ name, ms: served.get(name) ?? [], relayMs: relayed.get(name) ?? [] }))
  const machine = thisMachine({ 'Node.js': process.versions.node, Trivet: packageJson.version })
  return { machine, nodes, runs, load: loadavg()[1] ?? 0, heard }
}

/** The times of each talk, among those of the speakers that it is of; the others are there, and silent. */
async function oneAfterAnother(
  login: Login,
  speakersOf: (login: Login, count: number) => Promise<Crew>,
  onTalk: (talk: string) => void,
) {
  const times = new Map<string, number[]>()
  const { speakers, begin } = await speakersOf(login, Math.max(...talks.map(({ agents }) => agents)))
  // Once all have begun a run, the server is done with their joining.
  await begin(speakers.length)
  for (const talk of talks) {
    onTalk(talk.name)
    await begin(talk.agents)
    times.set(talk.name, await timesOf(talk, speakers.slice(0, talk.agents), login))
  }
  await Promise.all(speakers.map((speaker) => speaker.close()))
  return times
}

/** The history stays as it is, for the next bench. */
function copyData(from: string, to: string) {
  for (const name of ['trivet.db', 'invitation']) {
    const path = join(from, name)
    if (existsSync(path)) copyFileSync(path, join(to, name), constants.COPYFILE_FICLONE)
    else if (name === 'trivet.db') throw new CommandError(`${path} is not there: make it by \`history --data ${from}\``)
  }
}
