import { watch } from 'node:fs'
import type { Log } from '../../cli/command.ts'
import { hasCode, messageOf } from '../../protocol/errors.ts'
import type { Run } from '../../protocol/events.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import { compareVersions } from '../../protocol/upgrade.ts'
import { since } from '../../protocol/versions.ts'
import type { State } from '../kept/state.ts'
import type { Connection } from '../link/connection.ts'
import { type Intent, upgradeIn, type UpgradeFiles } from './intent.ts'
import type { JudgeUnit } from './judge-unit.ts'
import type { Slots } from './slots.ts'
import type { Staging } from './stage.ts'

type Order = ServerMessage & { type: 'upgrade' }

export interface UpgradesOptions {
  state: State
  log: Log
  version: string
  /** By whose signature an agent is taken. */
  key: string | undefined
  /** Where this program lies. */
  place: { slots: Slots; slot: string } | undefined
  unit: Pick<JudgeUnit, 'begin' | 'end'>
  stage: (wanted: Pick<Staging, 'key' | 'version' | 'slots' | 'signal'>) => Promise<string>
  hasCatalog: () => boolean
}

/** What the daemon does for upgrades. */
export interface Ways {
  /** Does it once no run is under way, and begins none before it is done. */
  whenIdle: (job: () => Promise<void>) => void
  /** Asks for a run that changes nothing. */
  look: () => void
  /** Ends with the daemon. */
  stopping: AbortSignal
}

/** The agent's part in its own upgrade: it brings the new one, leaves the switch to the judge, and as the new one proves itself. */
export class Upgrades {
  readonly #options: UpgradesOptions
  readonly #ways: Ways
  readonly #files: UpgradeFiles
  #connection: Connection | undefined
  #under: { order: string; abort: AbortController } | undefined
  /** The last run here failed. */
  #failing = false

  constructor(options: UpgradesOptions, ways: Ways) {
    this.#options = options
    this.#ways = ways
    this.#files = upgradeIn(options.state)
  }

  /** Sees to it that an upgrade that is under way is judged, and tells how it ended. Gives how to end. */
  begin() {
    const watching = watch(this.#files.results, () => this.#tell())
    void this.#resume().catch((error: unknown) => this.#warn(`an upgrade cannot be gone on with: ${messageOf(error)}`))
    return () => watching.close()
  }

  async #resume() {
    const { unit, place, state } = this.#options
    const intent = this.#files.readIntent()
    if (intent && place) return unit.begin(place.slots.program(intent.from.slot), state.dir)
    if (!place) return undefined
    place.slots.prune()
    return unit.end()
  }

  connected(connection: Connection | undefined) {
    this.#connection = connection && connection.minor() >= since.upgrade ? connection : undefined
    this.#tell()
    const intent = connection && this.#candidacy()
    if (!intent) return
    if (this.#options.hasCatalog()) this.#ways.look()
    else if (!intent.before.hasCatalog) this.#prove(intent)
  }

  /** The upgrade that this program is what came of. */
  #candidacy() {
    const { place, version } = this.#options
    const intent = this.#files.readIntent()
    return intent?.to.slot === place?.slot && intent?.to.version === version ? intent : undefined
  }

  ran({ outcome, error }: Run) {
    this.#failing = outcome === 'failed'
    const intent = this.#connection && this.#candidacy()
    if (!intent || error !== undefined || outcome === 'interrupted') return
    if (outcome !== 'failed' || intent.before.failing) this.#prove(intent)
  }

  #prove(intent: Intent) {
    this.#files.prove(intent)
    this.#options.log(`upgraded to ${intent.to.version}`, { order: intent.order })
  }

  order(order: Order, isLate: boolean) {
    const { id, version } = order
    if (this.#under?.order === id || this.#files.readIntent()?.order === id) return this.#say('delivered', id)
    if (this.#files.untold().some((result) => result.order === id)) return this.#tell()
    const reason = isLate ? 'the order came after its time' : this.#whyNot(order)
    if (reason !== undefined) return this.#refuse(id, reason)
    this.#say('delivered', id)
    if (version === this.#options.version) return this.#isAlready(order)
    this.#options.log(`order taken: upgrade to ${version}`, { order: id })
    const abort = new AbortController()
    this.#under = { order: id, abort }
    this.#prepare(order, AbortSignal.any([abort.signal, this.#ways.stopping])).catch((error: unknown) => {
      this.#under = undefined
      if (!this.#ways.stopping.aborted) this.#giveUp(id, messageOf(error))
    })
    return undefined
  }

  #isAlready({ id, version }: Order) {
    try {
      this.#files.close({ order: id, outcome: 'upgraded', version, reason: 'it was this version already' })
    } catch (error) {
      this.#refuse(id, `it is ${version} already, and that cannot be written down: ${this.#why(error)}`)
    }
  }

  #whyNot({ version, downgrade }: Order) {
    const { key, place, version: ours } = this.#options
    const under = this.#under ?? this.#files.readIntent()
    if (under) return `it is busy with the upgrade of order ${under.order}`
    if (key === undefined)
      return 'this agent was built without a signing key, so it cannot know who made another. Next: npm run build:agent -- --signing-key FILE, then install that one'
    if (!place)
      return 'this agent does not lie where upgrades can be put beside it. Next: install it by the line of trivet token create, or by its package'
    if (compareVersions(version, ours) < 0 && !downgrade)
      return `${version} is older than ${ours}, which runs. Next: say --downgrade if that is meant`
    return undefined
  }

  async #prepare(order: Order, signal: AbortSignal) {
    const { key, place, stage } = this.#options
    if (key === undefined || !place) throw new Error('there is no place for an upgrade')
    const slot = await stage({ key, version: order.version, slots: place.slots, signal })
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#ways.whenIdle(async () => {
        if (!signal.aborted) await this.#handOver(order, slot, place)
        resolve()
      })
    })
  }

  /** From here on the judge decides, and ends this program. */
  async #handOver(order: Order, slot: string, { slots, slot: from }: { slots: Slots; slot: string }) {
    const { state, unit, version, hasCatalog } = this.#options
    try {
      this.#files.writeIntent({
        order: order.id,
        from: { slot: from, version },
        to: { slot, version: order.version },
        patienceMs: order.patienceMs,
        before: { hasCatalog: hasCatalog(), failing: this.#failing },
        phase: 'switch',
      })
      await unit.begin(slots.program(from), state.dir)
      this.#say('upgrading', order.id)
      await stopped(this.#ways.stopping)
    } catch (error) {
      // The next start goes on with it, as after a crash.
      if (this.#ways.stopping.aborted) return
      this.#files.forget()
      this.#giveUp(order.id, `the upgrade cannot be begun: ${this.#why(error)}`)
      await unit.end()
    } finally {
      this.#under = undefined
    }
  }

  /** The kernel names no path where a disk is full. */
  #why(error: unknown) {
    if (!hasCode(error, 'ENOSPC', 'EDQUOT')) return messageOf(error)
    const { dir } = this.#options.state
    return `${dir} has no room left for what is to be written down there. Next: make room there, then give the order again`
  }

  /** Before the switch it can be. */
  cancel(id: string) {
    if (this.#under?.order === id && !this.#files.readIntent()) this.#under.abort.abort(new Error('it was cancelled'))
  }

  stored(order: string) {
    this.#files.told(order)
  }

  #tell() {
    for (const result of this.#files.untold()) this.#connection?.send({ type: 'upgrade-over', result })
  }

  #say(type: 'delivered' | 'upgrading', order: string) {
    this.#connection?.send({ type, order })
  }

  /** What was brought for it is only in the way. */
  #giveUp(order: string, reason: string) {
    this.#refuse(order, reason)
    try {
      this.#options.place?.slots.prune()
    } catch (error) {
      this.#warn(`what was brought for it cannot be removed: ${messageOf(error)}`, order)
    }
  }

  #refuse(order: string, reason: string) {
    this.#warn(`upgrade refused: ${reason}`, order)
    this.#connection?.send({ type: 'refused', order, reason: reason.slice(0, 4000) })
  }

  #warn(line: string, order?: string) {
    this.#options.log(line, { level: 'warn', ...(order !== undefined && { order }) })
  }
}

/** How long after it was begun the judge may leave us alone, before runs are made again. */
const judgeMs = 120_000

async function stopped(stopping: AbortSignal) {
  if (stopping.aborted) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, judgeMs)
    stopping.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
