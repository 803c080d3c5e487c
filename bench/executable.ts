import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import { buildPackages } from '../agent/build/packages.ts'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import packageJson from '../package.json' with { type: 'json' }
import { nodeBin, nodeVersion, platformHere, platforms } from '../packaging/platform.ts'
import { commonFlags, commonOptions, tell } from './command.ts'
import { describeMachine, type Figure, figureOf, figuresTable, type Machine } from './figures.ts'
import { thisMachine } from './machine.ts'
import { markdownTable } from './markdown.ts'
import { spreadOf } from './statistics.ts'

const number = z.coerce.number().int().min(1)

export const executable = defineCommand<CommandContext>()({
  usage: 'executable [--runs N] [--write-readme] [--json]',
  summary: 'How large the agent is, and how long it takes to start, beside the Node.js that is in it.',
  flags: { runs: { type: 'string' }, ...commonFlags },
  options: z.object({
    ...commonOptions,
    runs: number.default(30).describe('How often each is started, by turns.'),
  }),

  async run({ runs, ...told }, context) {
    const folder = mkdtempSync(join(tmpdir(), 'trivet-bench-'))
    try {
      await buildPackages(folder, { platforms, note: (text) => context.output.note(text) })
      const node = join(await nodeBin(), 'node')
      const agent = join(folder, platformHere(), 'trivet-agent')
      const machine = thisMachine({ 'Node.js': nodeVersion, Trivet: packageJson.version })
      tell({ machine, figures: starts(agent, node, runs), sizes: sizesIn(folder) }, markdownOf, {
        section: 'executable',
        told,
        context,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
})

/** By turns, so that a noisy minute hits both alike; the page cache is warm from the first. */
function starts(agent: string, node: string, runs: number): Figure[] {
  const ours: number[] = []
  const theirs: number[] = []
  for (let run = 0; run <= runs; run++) {
    const [one, other] = [timed(agent, ['--version']), timed(node, ['-e', '0'])]
    if (run === 0) continue
    ours.push(one)
    theirs.push(other)
  }
  return [figureOf('trivet-agent --version', spreadOf(ours).median, 'ms', 'node -e 0', spreadOf(theirs).median)]
}

function timed(program: string, args: string[]) {
  const from = performance.now()
  execFileSync(program, args, { stdio: 'ignore' })
  return performance.now() - from
}

interface Size {
  what: string
  megabytes: number
}

function sizesIn(folder: string): Size[] {
  const packed = readdirSync(folder).filter((name) => /\.(tar\.gz|deb)$/.test(name))
  const files = [...platforms.map((platform) => join(platform, 'trivet-agent')), ...packed.toSorted()]
  return files.map((what) => ({ what, megabytes: statSync(join(folder, what)).size / 1e6 }))
}

function markdownOf({ machine, figures, sizes }: { machine: Machine; figures: Figure[]; sizes: Size[] }) {
  const rows = sizes.map(({ what, megabytes }) => [what, megabytes.toFixed(1)])
  return [`${describeMachine(machine)}.`, figuresTable(figures), markdownTable(['file', 'MB'], rows)].join('\n\n')
}
