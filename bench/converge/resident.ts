import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { enterArgv } from '../../lab/node.ts'
import { until } from '../../lab/run.ts'
import { limitArgv } from './contenders.ts'
import type { Site } from './site.ts'
import type { WorkSet } from './work-sets.ts'

const Ordered = z.object({ targets: z.array(z.object({ state: z.string(), run: z.string().nullable() })) })

/** Gives the order as an operator does, and how long the daemon says its run took, from the lock to the report on disk. */
export async function residentRun({ fleet, node, must }: Site, expected: 'unchanged' | 'changed') {
  const ordered = Ordered.parse(JSON.parse(await fleet.mustTrivet('converge', node.name, '--wait', '--json')))
  const run = ordered.targets[0]?.run
  if (!run) throw new CommandError(`the order ended without a run: ${JSON.stringify(ordered)}`)
  const said = await until(`the agent to log run ${run}`, async () => {
    const log = await must(['journalctl', '--unit=trivet-agent', '--output=cat', '--lines=50'])
    return log.split('\n').find((line) => line.startsWith(`run ${run} `))
  })
  const [, outcome, ms] = /: ([\w-]+) in ([\d.]+) ms/.exec(said) ?? []
  if (outcome !== expected) throw new CommandError(`the resident agent should have found all ${expected}: ${said}`)
  return Number(ms)
}

/** Of the daemon, in MB: what it holds, what of that no file backs, and the most it ever held. */
export interface Memory {
  rssMb: number
  anonymousMb: number
  peakMb: number
}

export async function residentMemory({ must }: Site): Promise<Memory> {
  const pid = (await must(['systemctl', 'show', '--property=MainPID', '--value', 'trivet-agent'])).trim()
  const status = await must(['cat', `/proc/${pid}/status`])
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
  return { rssMb: field('VmRSS'), anonymousMb: field('RssAnon'), peakMb: field('VmHWM') }
}

/** The limit as one process that lives as long as the rounds do. */
export class WarmLimit {
  readonly #child: ChildProcess
  #said = ''
  #complained = ''

  constructor(set: WorkSet, { fleet, node }: Site) {
    const [program = '', ...args] = enterArgv(fleet.lab.name, node.name, [...limitArgv(set), 'stay'])
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {} })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#complained += chunk.toString()))
  }

  /** Milliseconds of each of some passes in a row. */
  async passes(count: number) {
    this.#said = ''
    this.#child.stdin?.write(`${count}\n`)
    const line = await until('the limit to answer', async () => {
      if (this.#child.exitCode !== null) throw new CommandError(`the limit ended: ${this.#complained}`)
      return this.#said.endsWith('\n') && this.#said
    })
    return z.array(z.number()).parse(JSON.parse(line))
  }

  async end() {
    if (this.#child.exitCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await exited
  }
}
