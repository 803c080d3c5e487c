import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What a page has its reader type, and what it says that one sees then. */
export interface Step {
  commands: string
  seen: string
}

/** The steps of a page in Markdown, by the headings that they stand below: blocks of `sh`, each with the block of `text` that follows it. */
export function stepsOf(page: string) {
  const parts = new Map<string, Step[]>()
  let steps: Step[] = []
  for (const [, heading, language, body = ''] of page.matchAll(/^## (.+)$|^```(sh|text)\n([^]*?)^```$/gm)) {
    if (heading !== undefined) parts.set(heading, (steps = []))
    else if (language === 'sh') steps.push({ commands: body, seen: '' })
    else {
      const last = steps.at(-1)
      assert(last?.seen === '', `nothing was done before one sees: ${body}`)
      last.seen = body
    }
  }
  return parts
}

/** Fails unless these lines were printed one after the other. `…` stands for anything in a line, or for any lines; spaces do not count. */
export function assertSeen(printed: string, seen: string) {
  const lines = seen.trim().split('\n').map(plain)
  const pattern = lines.map((line) => (line === '…' ? '(?:.*\\n)*?' : `${patternOf(line)}\\n`)).join('')
  assert.match(`${printed.split('\n').map(plain).join('\n')}\n`, new RegExp(`^${pattern}`, 'm'))
}

const plain = (line: string) => line.trim().replaceAll(/\s+/g, ' ')
const patternOf = (line: string) => line.split('…').map(escaped).join('.+')
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A page says RUN for what stood below that in the table before. */
export function fillIn(commands: string, printed: string) {
  return commands.replaceAll(/\b[A-Z]{3,}\b/g, (word) => {
    const lines = printed.split('\n')
    const head = lines.findIndex((line) => line.startsWith(`${word} `))
    return head === -1 ? word : (/^\S+/.exec(lines[head + 1] ?? '')?.[0] ?? word)
  })
}

/** The reader's one shell, from the first step to the last. */
export class Terminal {
  readonly #dir: string
  readonly #bash: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #count = 0

  constructor(dir: string, options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#dir = dir
    // A group of its own, so that what it has started can be ended with it.
    this.#bash = spawn('bash', ['--noprofile', '--norc'], { ...options, detached: true })
    this.#lines = createInterface({ input: this.#bash.stdout })[Symbol.asyncIterator]()
  }

  /** What the commands print, once each of them has succeeded. */
  async type(commands: string) {
    const file = join(this.#dir, `step-${++this.#count}`)
    writeFileSync(`${file}.sh`, `trap 'echo "$BASH_COMMAND: $?" >> ${file}.failed' ERR\n${commands}`)
    writeFileSync(`${file}.failed`, '')
    this.#bash.stdin.write(`source ${file}.sh < /dev/null > ${file}.out 2>&1; echo done\n`)
    const { value } = await this.#lines.next()
    const printed = readFileSync(`${file}.out`, 'utf8')
    assert.equal(value, 'done', `the shell ended in ${commands}${printed}`)
    assert.equal(readFileSync(`${file}.failed`, 'utf8'), '', `${commands}${printed}`)
    return printed
  }

  async close() {
    const { pid, exitCode, signalCode } = this.#bash
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const exited = once(this.#bash, 'exit')
    process.kill(-pid, 'SIGTERM')
    this.#bash.stdin.end()
    await exited
  }
}
