import type { LeaseRule } from '../../protocol/catalog.ts'
import type { AgentMessage, ServerMessage, WantedLease } from '../../protocol/messages.ts'
import type { Host } from '../../resources/host.ts'
import { attempt } from '../../resources/system/probes.ts'

/** How long a run waits for the server's word on a lease; after it the action is deferred, and done when the lease comes. */
const standardPatienceMs = 5000
/** How long a look at whether this node goes last may take. */
const lookMs = 2000
/** A lease that ends sooner is not begun with. */
const marginMs = 2000

const noServer = 'there is no connection to the server, which gives leases'

type Held = Pick<ServerMessage & { type: 'lease' }, 'fence' | 'expiresAt'>

/** What a run needs to know of leases. */
export interface LeaseTaker {
  /** Why there is none now; undefined once it is held. */
  take: (rule: LeaseRule, action: string, host: Pick<Host, 'run'>) => Promise<string | undefined>
  /** What it was for is done, and all is well. */
  giveBack: (group: string) => void
}

/** An action that is owed and needs a lease. */
export interface Needed {
  rule: LeaseRule
  action: string
}

/** The leases of this node: what it wants, and what it holds as the server says. */
export class Leases implements LeaseTaker {
  readonly #patienceMs: number
  readonly #wanted = new Map<string, WantedLease>()
  readonly #held = new Map<string, Held>()
  /** Given, and no run has used them yet. */
  readonly #unused = new Set<string>()
  readonly #refused = new Map<string, string>()
  readonly #answers = new Map<string, () => void>()
  #send: ((message: AgentMessage) => void) | undefined
  #serverNow = Date.now

  constructor(patienceMs = standardPatienceMs) {
    this.#patienceMs = patienceMs
  }

  /** With a connection that knows the server's clock it asks anew for all that it wants; without one nothing is held. */
  connected(send: ((message: AgentMessage) => void) | undefined, serverNow = Date.now) {
    this.#send = send
    this.#serverNow = serverNow
    this.#held.clear()
    this.#unused.clear()
    this.#refused.clear()
    for (const answer of this.#answers.values()) answer()
    this.#ask()
  }

  get held() {
    return [...this.#held.keys()]
  }

  /** Whether what is wanted can be done by now, and no run knows of it. Tells so once for each lease. */
  haveCome() {
    const come = [...this.#unused].filter((group) => this.#wanted.has(group) && this.#isValid(group))
    for (const group of come) this.#unused.delete(group)
    return come.length > 0
  }

  isWanted(group: string) {
    return this.#wanted.has(group)
  }

  /** All that is owed and needs a lease. */
  async want(needed: Needed[], host: Pick<Host, 'run'>) {
    const wanted = await Promise.all(needed.map((one) => wantedOf(one, host)))
    const before = JSON.stringify([...this.#wanted.values()])
    this.#wanted.clear()
    for (const one of wanted) if (!this.#wanted.has(one.group)) this.#wanted.set(one.group, one)
    if (JSON.stringify([...this.#wanted.values()]) !== before) this.#ask()
  }

  async take(rule: LeaseRule, action: string, host: Pick<Host, 'run'>) {
    const { group } = rule
    if (!this.#isConnected()) return noServer
    if (this.#isValid(group)) return this.#use(group)
    this.#wanted.set(group, await wantedOf({ rule, action }, host))
    await this.#answerFor(group)
    if (this.#isValid(group)) return this.#use(group)
    return this.#isConnected() ? (this.#refused.get(group) ?? 'the server has not answered yet') : noServer
  }

  giveBack(group: string) {
    const held = this.#held.get(group)
    this.#held.delete(group)
    this.#unused.delete(group)
    this.#wanted.delete(group)
    if (held) this.#send?.({ type: 'lease-over', group, fence: held.fence })
  }

  /** Tells whether the lease is news: no run has waited for it, or has it already. */
  granted({ group, fence, expiresAt }: ServerMessage & { type: 'lease' }) {
    const answer = this.#answers.get(group)
    const isNews = !answer && this.#held.get(group)?.fence !== fence
    if (this.#held.get(group)?.fence !== fence) this.#unused.add(group)
    this.#held.set(group, { fence, expiresAt })
    this.#refused.delete(group)
    answer?.()
    return isNews
  }

  refused({ group, reason }: ServerMessage & { type: 'no-lease' }) {
    this.#held.delete(group)
    this.#unused.delete(group)
    this.#refused.set(group, reason)
    this.#answers.get(group)?.()
  }

  #use(group: string) {
    this.#unused.delete(group)
    return undefined
  }

  #isConnected() {
    return this.#send !== undefined
  }

  #isValid(group: string) {
    const held = this.#held.get(group)
    return held !== undefined && held.expiresAt - marginMs > this.#serverNow()
  }

  #ask() {
    this.#send?.({ type: 'leases', wanted: [...this.#wanted.values()] })
  }

  async #answerFor(group: string) {
    this.#refused.delete(group)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#patienceMs)
      this.#answers.set(group, () => {
        clearTimeout(timer)
        resolve()
      })
      this.#ask()
    })
    this.#answers.delete(group)
  }
}

async function wantedOf({ rule: { group, last }, action }: Needed, host: Pick<Host, 'run'>): Promise<WantedLease> {
  const isLast = last !== undefined && (await attempt(last, lookMs, host)) === undefined
  return { group, action, ...(isLast ? { last: true } : {}) }
}
