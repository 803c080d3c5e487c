import Sqlite, { type Database } from 'better-sqlite3'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type CommandContext, CommandError, defineCommand } from '../cli/command.ts'
import packageJson from '../package.json' with { type: 'json' }
import { commonFlags, commonOptions, tell } from './command.ts'
import { type Ask, asker, withServer } from './history/asking.ts'
import { generate, unchangedRunBytes, usual } from './history/generate.ts'
import { type Names, namesIn, type Question, questions } from './history/questions.ts'
import { type Asked, figuresOf, type Found, markdownOf, tooSlow } from './history/report.ts'
import { thisMachine } from './machine.ts'

const number = z.coerce.number().int().min(1)
const databaseName = 'trivet.db'

export const history = defineCommand<CommandContext>()({
  usage: 'history [--nodes N] [--runs N] [--asks N] [--data DIR] [--write-readme] [--json]',
  summary: 'How soon lists and searches answer with many nodes and runs; beside plain indexed SQL.',
  flags: {
    nodes: { type: 'string' },
    runs: { type: 'string' },
    asks: { type: 'string' },
    data: { type: 'string' },
    ...commonFlags,
  },
  options: z.object({
    ...commonOptions,
    nodes: number.default(usual.nodes).describe('How many nodes.'),
    runs: number.default(usual.runs).describe('How many runs they made.'),
    asks: number.default(60).describe('How often each thing is asked.'),
    data: z.string().optional().describe('Keep the history in this folder, or take the one that is there.'),
  }),

  async run({ nodes, runs, asks, data, ...told }, context) {
    const folder = data === undefined ? mkdtempSync(join(tmpdir(), 'trivet-history-')) : resolve(data)
    const note = (text: string) => context.output.note(text)
    const signal = context.interrupted()
    try {
      const isMade = existsSync(join(folder, databaseName))
      if (!isMade) await generate(folder, { ...usual, nodes, runs, until: Date.now() }, note, signal)
      const found = await measured(folder, asks, note, signal)
      tell({ ...found, figures: figuresOf(found.asked) }, markdownOf, { section: 'history', told, context })
      const slow = tooSlow(found.asked)
      if (slow.length > 0) throw new CommandError(`too slow: ${slow.join(', ')}`)
    } finally {
      if (data === undefined) rmSync(folder, { recursive: true, force: true })
    }
  },
})

type Note = (text: string) => void
type NamesOf = (n: number) => Names

async function measured(folder: string, asks: number, note: Note, signal: AbortSignal): Promise<Found> {
  const path = join(folder, databaseName)
  // Before the server is there, which has the file for itself.
  const database = new Sqlite(path)
  const names = namesIn(database)
  const count = (table: string) => Number(database.prepare(`select count(*) from ${table}`).pluck().get())
  const [nodes, runs] = [count('nodes'), count('runs')]
  const versions = { 'Node.js': process.versions.node, Trivet: packageJson.version, SQLite: sqliteOf(database) }
  note(`${nodes} nodes and ${runs} runs: plain queries`)
  const plain = questions.map((question) => plainly(database, question, names, asks))
  database.close()
  const asked: Asked[] = await withServer(folder, async (login) => {
    const ask = asker(login)
    const all: Asked[] = []
    for (const [index, question] of questions.entries()) {
      if (signal.aborted) throw new CommandError('interrupted')
      note(question.name)
      all.push({ ...(await throughApi(ask, question, names, asks)), sqlMs: plain[index] ?? [] })
    }
    return all
  })
  return {
    machine: thisMachine(versions),
    nodes,
    runs,
    bytesOfRun: statSync(path).size / runs,
    bytesUnchanged: await unchangedRunBytes(),
    asked,
  }
}

function plainly(database: Database, { sql, bind }: Question, names: NamesOf, asks: number) {
  const select = database.prepare<(string | number)[]>(sql)
  return Array.from({ length: asks }, (_, n) => {
    const since = performance.now()
    select.all(...(bind?.(names(n)) ?? []))
    return performance.now() - since
  })
}

async function throughApi(ask: Ask, { name, path, limitMs = 300 }: Question, names: NamesOf, asks: number) {
  const apiMs: number[] = []
  let bytes = 0
  for (let n = 0; n < asks; n++) {
    const answer = await ask(path(names(n)))
    apiMs.push(answer.ms)
    bytes = Math.max(bytes, answer.bytes)
  }
  return { name, limitMs, apiMs, kilobytes: bytes / 1000 }
}

function sqliteOf(database: Database) {
  return String(database.prepare('select sqlite_version()').pluck().get())
}
