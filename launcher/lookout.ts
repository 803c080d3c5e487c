import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../cli/command.ts'
import { Unreachable } from '../cli/connection.ts'
import type { ListedNode } from '../protocol/views.ts'
import { type Machine, ProviderIsAway } from './provider.ts'

/** Both sides of the cluster at one moment. */
export interface View {
  machines: Machine[]
  /** On the server, by name. */
  nodes: ReadonlyMap<string, ListedNode>
}

interface Sources {
  machines(): Promise<Machine[]>
  nodes(): Promise<ReadonlyMap<string, ListedNode>>
  everyMs: number
  /** Ends all waiting. */
  signal: AbortSignal
  note(text: string): void
}

/** Looks at the machines and at the nodes for all who wait for something, with one call of each for all of them. */
export class Lookout {
  readonly #sources: Sources
  #next: Promise<View> | undefined
  #nodes: ReadonlyMap<string, ListedNode> = new Map()
  #machines: Machine[] | undefined
  /** Who does not answer. */
  readonly #away = new Set<string>()

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** Now. Whoever is interrupted begins nothing more. */
  async look(): Promise<View> {
    if (this.#sources.signal.aborted) throw interrupted()
    const [machines, nodes] = await Promise.all([this.#sources.machines(), this.#sources.nodes()])
    this.#nodes = nodes
    this.#machines = machines
    return { machines, nodes }
  }

  /** What `found` makes of the first view in which it finds something. It may throw to end the waiting; `late` says for what it was waited in vain. */
  async until<Found>(
    found: (view: View) => Found | undefined | Promise<Found | undefined>,
    patienceMs: number,
    late: () => string,
  ): Promise<Found> {
    for (const end = Date.now() + patienceMs; ;) {
      const seen = await found(await this.#coming())
      if (seen !== undefined) return seen
      if (Date.now() > end) throw new CommandError(late())
    }
  }

  /** The view after the next pause, for each who asks meanwhile. */
  #coming() {
    this.#next ??= this.#lookLater().finally(() => (this.#next = undefined))
    return this.#next
  }

  async #lookLater(): Promise<View> {
    await this.#pause()
    const [machines, nodes] = await Promise.all([this.#machinesOrThoseBefore(), this.#nodesOrThoseBefore()])
    return { machines, nodes }
  }

  async #pause() {
    const { everyMs, signal } = this.#sources
    await delay(everyMs, undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? interrupted() : error
    })
  }

  /** A cloud that does not answer for a while ends no launch. */
  async #machinesOrThoseBefore() {
    try {
      this.#machines = await this.#sources.machines()
      this.#isBack('The provider')
      return this.#machines
    } catch (error) {
      if (!(error instanceof ProviderIsAway) || !this.#machines) throw error
      this.#isAway('The provider', error)
      return this.#machines
    }
  }

  /** Nor does a server that is, say to be restarted. */
  async #nodesOrThoseBefore() {
    try {
      this.#nodes = await this.#sources.nodes()
      this.#isBack('The server')
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      this.#isAway('The server', error)
    }
    return this.#nodes
  }

  #isBack(who: string) {
    if (this.#away.delete(who)) this.#sources.note(`${who} answers again.`)
  }

  #isAway(who: string, { message }: Error) {
    if (!this.#away.has(who)) this.#sources.note(`${message} Asked again until it answers.`)
    this.#away.add(who)
  }
}

function interrupted() {
  return new CommandError(
    'interrupted; what was begun is written down. Next: trivet launch up goes on with nodes that were to be made, anything else the same again',
  )
}
