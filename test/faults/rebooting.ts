import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { readIfThere } from '../../agent/kept/state.ts'
import { Report } from '../../protocol/events.ts'
import type { Scenario } from './drive.ts'
import type { Broken } from './invariants.ts'
import { type Ended, runProgram } from './place.ts'
import { pointsOf } from './scenarios.ts'
import { lookAt, shown } from './things.ts'

const order = 'o1'

/** A run that makes a directory, which asks for a reboot; and the run that goes on when the machine has come up again. */
export async function rebooting(base: string): Promise<Scenario[]> {
  mkdirSync(base)
  const program = join(base, 'reboot-agent.cjs')
  const entryPoints = [join(import.meta.dirname, 'reboot-agent/main.ts')]
  await build({ entryPoints, outfile: program, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' })
  const dir = join(base, 'rebooting')
  const run = async (fault?: string) =>
    runProgram([process.execPath, program, dir, String(bootsOf(dir)), isAnswered(dir) ? '' : order], fault)
  const begin = async () => {
    rmSync(dir, { recursive: true, force: true })
    mkdirSync(dir)
  }
  const common = { disturbed: run, aftermath: async () => afterwards(dir, run) }
  const ends = ['run.walked', 'run.closed', 'run.spooled', 'run.ended'] as const
  const asking: Scenario = {
    name: 'asking for a reboot',
    points: ['reboot.asking', 'reboot.asked', ...pointsOf('owed', 'state', 'journal', 'ledger'), ...ends],
    begin,
    ...common,
  }
  const comingUp: Scenario = {
    name: 'coming up again',
    points: ['reboot.come', 'reboot.forgotten', 'run.begun', ...pointsOf('state', 'journal'), ...ends],
    async begin() {
      await begin()
      await run('reboot.asked:kill')
      await run()
    },
    ...common,
  }
  return [asking, comingUp]
}

async function afterwards(dir: string, run: () => Promise<Ended>) {
  const broken: Broken[] = []
  // As systemd starts the agent, whether it died or the machine came up again.
  for (let starts = 0; starts < 3; starts++) {
    const { exitCode, stderr } = await run()
    if (exitCode !== 0) broken.push(['mended', `the next run ended with ${exitCode}: ${stderr}`])
  }
  return [...broken, ...brokenIn(dir)]
}

/** How often the machine has booted: each boot ends by the first reboot that is asked for in it. */
function bootsOf(dir: string) {
  return new Set(readIfThere(join(dir, 'reboots'))?.split('\n').filter(Boolean)).size + 1
}

function reportsIn(dir: string) {
  const spool = join(dir, 'spool')
  const names = existsSync(spool) ? readdirSync(spool).filter((name) => name.endsWith('.json')) : []
  return names.toSorted().map((name) => Report.parse(JSON.parse(readFileSync(join(spool, name), 'utf8'))))
}

function isAnswered(dir: string) {
  return reportsIn(dir).some(({ run }) => run.orders.includes(order))
}

function brokenIn(dir: string): Broken[] {
  const broken: Broken[] = []
  const is = lookAt(join(dir, 'made'))
  if (is.kind !== 'directory' || is.mode !== 0o750) broken.push(['mended', `what was to be made is ${shown(is)}`])
  if (bootsOf(dir) !== 2) broken.push(['owed', `the machine was rebooted ${bootsOf(dir) - 1} times`])
  const reports = reportsIn(dir)
  const last = reports.at(-1)?.run
  if (last?.outcome !== 'unchanged' || last.owed.length > 0) broken.push(['idle', JSON.stringify(last)])
  const answers = reports.filter(({ run }) => run.orders.includes(order))
  if (answers.length !== 1) broken.push(['once', `${answers.length} runs answer the order`])
  const ids = new Set(reports.map(({ run }) => run.id))
  if (ids.size !== reports.length) broken.push(['once', 'a run is reported twice'])
  const left = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.new$|^reboot\.json$/.test(name),
  )
  return [...broken, ...left.map((name): Broken => ['clean', `${name} is left`])]
}
