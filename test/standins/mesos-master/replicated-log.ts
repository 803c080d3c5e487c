import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { hasCode } from '../../../protocol/errors.ts'
import { fetchText } from '../shared/http.ts'
import { log } from '../shared/program.ts'
import type { AgentInfo } from '../shared/protocol.ts'

/** What the leading master keeps beyond its own life. */
export interface Registry {
  agents: { id: string; info: AgentInfo }[]
  unreachable: string[]
}

/** One replica, as it lies on its disk. */
interface Held {
  status: 'EMPTY' | 'STARTING' | 'VOTING'
  /** It takes nothing any more from who proposes a lower number. */
  promised: number
  position: number
  registry: Registry
}

type Question =
  | { kind: 'status' }
  | { kind: 'promise'; number: number }
  | { kind: 'write'; number: number; position: number; registry: Registry }

type Reply = Held & { taken: boolean }

interface Options {
  folder: string
  quorum: number
  /** `ip:port` of all replicas that are registered, with our own. */
  members: () => Promise<string[]>
  self: string
  /** Without it an operator must make each replica by hand. */
  autoInitialize: boolean
}

/** The replicated log of Mesos by its rules: a majority must vote, an empty replica does not, and all must be there to begin a log. */
export class ReplicatedLog {
  readonly #file: string
  readonly #options: Options
  #held: Held
  #number = 0
  ensembleSize = 0

  constructor(options: Options) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true })
    this.#file = join(options.folder, 'stand-in.json')
    this.#held = readHeld(this.#file)
  }

  get status() {
    return this.#held.status
  }

  /** What another replica, or we ourselves, asked of this one. */
  answer(question: Question): Reply {
    const { promised, status } = this.#held
    if (question.kind === 'status') return { ...this.#held, taken: true }
    const taken =
      status === 'VOTING' && (question.kind === 'promise' ? question.number > promised : question.number >= promised)
    if (taken && question.kind === 'promise') this.#keep({ promised: question.number })
    if (taken && question.kind === 'write')
      this.#keep({ promised: question.number, position: question.position, registry: question.registry })
    return { ...this.#held, taken }
  }

  /** Brings our replica to vote: from the others' log, or all together begin one. */
  async recover(signal?: AbortSignal): Promise<void> {
    const isOver = () => this.#held.status === 'VOTING' || signal?.aborted === true
    const { quorum, autoInitialize } = this.#options
    while (!isOver()) {
      const replies = await this.#askAll({ kind: 'status' })
      const voting = replies.filter(({ status }) => status === 'VOTING')
      const all = 2 * quorum - 1
      const starting = replies.filter(({ status }) => status === 'STARTING').length
      if (voting.length >= quorum) {
        const newest = newestOf(voting)
        this.#keep({ ...newest, status: 'VOTING' })
        log(`Replica caught up with ${voting.length} voting ones at position ${newest.position}`)
      } else if (this.#held.status === 'EMPTY' && autoInitialize && replies.length - voting.length >= all) {
        this.#keep({ status: 'STARTING' })
      } else if (this.#held.status === 'STARTING' && starting + voting.length >= all) {
        this.#keep({ status: 'VOTING' })
        log('Replica begins a new log')
      } else {
        await pause(500)
      }
    }
  }

  /** How many replicas answer, each counted once however often it is registered. */
  async countLive() {
    const replies = await this.#askAll({ kind: 'status' })
    this.ensembleSize = replies.length
    return replies.length
  }

  /** The newest registry that a quorum knows, and the right to write; tries until it has both. */
  async fetch(signal: AbortSignal): Promise<Registry> {
    while (!signal.aborted) {
      const known = await this.#askAll({ kind: 'status' })
      this.#number = Math.max(0, ...known.map(({ promised }) => promised)) + 1
      const promises = (await this.#askAll({ kind: 'promise', number: this.#number })).filter(({ taken }) => taken)
      this.ensembleSize = known.length
      if (promises.length >= this.#options.quorum) {
        const { registry, position } = newestOf(promises)
        this.#keep({ position: Math.max(position, this.#held.position), registry })
        return registry
      }
      await pause(500)
    }
    throw new Error('the log was not fetched in time')
  }

  /** Throws where less than a quorum took it. */
  async append(registry: Registry): Promise<void> {
    const position = this.#held.position + 1
    const replies = await this.#askAll({ kind: 'write', number: this.#number, position, registry })
    const taken = replies.filter((reply) => reply.taken).length
    if (taken < this.#options.quorum)
      throw new Error(`${taken} of the replicas took the write, ${this.#options.quorum} are the quorum`)
  }

  async #askAll(question: Question): Promise<Reply[]> {
    const members = new Set(await this.#options.members())
    members.delete(this.#options.self)
    const asked = [...members].map(async (member): Promise<Reply[]> => {
      try {
        const url = `http://${member}/stand-in/replica`
        const { status, body } = await fetchText(url, { method: 'POST', body: question, withinMs: 2000 })
        return status === 200 ? [JSON.parse(body)] : []
      } catch {
        return []
      }
    })
    return [this.answer(question), ...(await Promise.all(asked)).flat()]
  }

  #keep(change: Partial<Held>) {
    this.#held = { ...this.#held, ...change }
    const { status, promised, position, registry } = this.#held
    writeFileSync(`${this.#file}.new`, JSON.stringify({ status, promised, position, registry }))
    renameSync(`${this.#file}.new`, this.#file)
  }
}

function newestOf(replies: Reply[]): Held {
  const [newest] = replies.toSorted((one, other) => other.position - one.position)
  if (!newest) throw new Error('no replica answered')
  const { promised, position, registry } = newest
  return { status: 'VOTING', promised, position, registry }
}

function readHeld(file: string): Held {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return { status: 'EMPTY', promised: 0, position: 0, registry: { agents: [], unreachable: [] } }
  }
}
