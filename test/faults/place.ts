import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'

/** What the service of this test reads; it loads it, and that is all. */
const watched = ['conf', 'secret', 'access', 'link', 'gone', 'lines']
/** Prints a hash of all that it reads: bytes, modes and owners. */
const fingerprint = `cd "$0" && tar --numeric-owner --mtime=@0 -cf - ${watched.join(' ')} 2>/dev/null | sha256sum`

export interface Ended {
  exitCode: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The folder of one node: the agent's state, the files that it manages, and what its service has loaded. */
export class Place {
  readonly name: string
  readonly state: string
  readonly root: string
  /** A line each time that the service was restarted: the hash of what it read. */
  readonly loaded: string
  readonly #dir: string
  readonly #kept: string
  readonly #program: string

  /** `program` is the agent, built. */
  constructor(base: string, name: string, program: string) {
    this.name = name
    this.#dir = join(base, name)
    this.#kept = join(base, `${name}.kept`)
    this.#program = program
    this.state = join(this.#dir, 'state')
    this.root = join(this.#dir, 'root')
    this.loaded = join(this.#dir, 'loaded')
    mkdirSync(this.root, { recursive: true })
    mkdirSync(this.#kept)
  }

  /** The restart of the service, which returns when its log is on disk. */
  get load(): [string, ...string[]] {
    return ['sh', '-c', `{ ${fingerprint}; } >> "$1" && sync "$1"`, this.root, this.loaded]
  }

  restartService() {
    const [program, ...args] = this.load
    execFileSync(program, args)
  }

  get fingerprint() {
    return execFileSync('sh', ['-c', fingerprint, this.root], { encoding: 'utf8' })
  }

  get loads() {
    return readFileSync(this.loaded, 'utf8').split(/(?<=\n)/)
  }

  /** Keeps all of it as it is now, to be had back by that word. */
  keep(word: string) {
    execFileSync('cp', ['-a', this.#dir, join(this.#kept, word)])
  }

  restore(word: string) {
    rmSync(this.#dir, { recursive: true })
    execFileSync('cp', ['-a', join(this.#kept, word), this.#dir])
  }

  /** Starts the agent, in the real program. */
  start(args: string[], fault?: string) {
    return startProgram([this.#program, ...args, '--state', this.state], fault)
  }

  async run(args: string[], fault?: string): Promise<Ended> {
    return endOf(this.start(args, fault))
  }
}

export async function runProgram(argv: string[], fault?: string): Promise<Ended> {
  return endOf(startProgram(argv, fault))
}

function startProgram([program = '', ...args]: string[], fault: string | undefined) {
  const env = fault === undefined ? process.env : { ...process.env, TRIVET_FAULT: fault }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
  const ended = new Promise<Pick<Ended, 'exitCode' | 'signal'>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  return { child, ended }
}

async function endOf({ child, ended }: ReturnType<typeof startProgram>): Promise<Ended> {
  const [stdout, stderr, how] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { ...how, stdout, stderr }
}
