import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { enterArgv } from '../../lab/node.ts'
import { until } from '../../lab/run.ts'
import type { Site } from '../site.ts'
import { limitArgv } from './contenders.ts'
import type { Work } from './works.ts'

/** The limit as one process that lives as long as the rounds do. */
export class WarmLimit {
  readonly #child: ChildProcess
  #said = ''
  #complained = ''

  constructor(work: Work, { fleet, node }: Site) {
    const [program = '', ...args] = enterArgv(fleet.lab.name, node.name, limitArgv(work, true))
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
