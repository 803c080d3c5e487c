import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../cli/command.ts'
import { changesOf, type ResourceEvent } from '../../protocol/events.ts'
import type { ResourceId } from '../../protocol/catalog.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { PreparedCatalog } from '../kept/kept-catalog.ts'
import { type Prepared, UnreadableProps } from '../runs/prepare.ts'
import { Flapping } from './flapping.ts'
import { WatchedPaths } from './watched-paths.ts'
import { writersOf } from './writers.ts'

/** A series of repairs is over, and what they owe is done, when nothing has drifted for so long … */
const quietMs = 100
/** … or when it has gone on for so long: then it is told, and another begins. */
const longestMs = 5000
/** After a repair could not begin, as on a full disk. */
const againMs = 5000
/** A unit that restarts passes through other states; so long after the last of them it is looked at. */
const unitSettleMs = 500

export interface DriftOptions {
  /** Something has drifted: take it by `batches`. Called once until then. */
  drifted: () => void
  watchUnits: (names: string[], changed: (name: string) => void) => Promise<{ close: () => void }>
  log: Log
}

/** Watches what roles with `watch` say, and gives what has drifted to be looked at again. */
export class Drift {
  readonly #options: DriftOptions
  readonly #flapping = new Flapping()
  /** What each resource was last told to be, where it stays so: an audited difference is news once. */
  readonly #told = new Map<string, string>()
  readonly #whyFlapping = new Map<string, string>()
  readonly #pending = new Set<Prepared>()
  /** Of what is watched, that which is about units alone, not about their files, with their names. */
  #units = new Map<ResourceId, string[]>()
  readonly #settling = new Map<string, NodeJS.Timeout>()
  #following: PreparedCatalog | undefined
  #watches: { close: () => void; refresh?: () => void }[] = []
  #isTold = false
  #wake: (() => void) | undefined

  constructor(options: DriftOptions) {
    this.#options = options
  }

  /** From now on what this catalog says is watched. */
  follow(catalog: PreparedCatalog | undefined) {
    // A whole run has just looked at everything; what came to lie elsewhere since is watched anew.
    if (catalog === this.#following) return this.#watches.forEach((one) => one.refresh?.())
    this.close()
    this.#following = catalog
    const policies = catalog?.head.policies ?? {}
    const watched = (catalog?.prepared ?? []).filter(
      ({ resource, type, want }) =>
        policies[resource.recipe]?.watch && !type.seesWhatRuns && !(want instanceof UnreadableProps),
    )
    this.#units = new Map(
      watched.map((one) => [one.id, unitsAloneOf(one)] as const).filter(([, units]) => units.length > 0),
    )
    this.#watch(byPath(watched), byUnit(watched))
  }

  follows(catalog: PreparedCatalog | undefined) {
    return catalog === this.#following
  }

  close() {
    for (const one of this.#watches) one.close()
    for (const timer of this.#settling.values()) clearTimeout(timer)
    this.#watches = []
    this.#pending.clear()
    this.#isTold = false
    this.#following = undefined
  }

  /** Repairing could not even begin: what has drifted is tried again after a pause. */
  again() {
    setTimeout(() => {
      this.#isTold = false
      if (this.#pending.size > 0) this.#tell()
    }, againMs).unref()
  }

  /** A whole run looks at all of it anyway. */
  forget() {
    this.#pending.clear()
    this.#isTold = false
  }

  /** What has drifted, as it does, until it is quiet or `signal` ends it. */
  async *batches(signal: AbortSignal): AsyncGenerator<Prepared[]> {
    const endsAt = performance.now() + longestMs
    const stop = () => this.#wake?.()
    signal.addEventListener('abort', stop)
    try {
      while (!signal.aborted && performance.now() < endsAt && (this.#pending.size > 0 || (await this.#more()))) {
        yield this.#take()
      }
    } finally {
      signal.removeEventListener('abort', stop)
      this.#isTold = false
      if (this.#pending.size > 0) this.#tell()
    }
  }

  /** Whether an event of a repair is worth telling; a repair counts against its resource. */
  readonly isNews = (event: ResourceEvent) => {
    const { id, outcome } = event
    if (outcome === 'unchanged' || outcome === 'changed') this.#told.delete(id)
    // A unit whose start fails is in other states by that, which is drift again.
    const isRepair = (outcome === 'changed' || outcome === 'failed') && event.action === undefined
    if (isRepair) this.#flapping.repaired(id, this.#units.has(id) ? 'unit' : 'other')
    if (outcome === 'unchanged' || outcome === 'changed') return outcome === 'changed'
    // What differs may be another at each look; that it does, and why it stays so, is told once.
    const why = 'reason' in event ? event.reason : 'error' in event ? event.error : ''
    const telling = [outcome, event.action, why, ...changesOf(event).map(({ what }) => what)].join(' ')
    const isNew = this.#told.get(id) !== telling
    this.#told.set(id, telling)
    return isNew
  }

  /** Why a resource is left alone although it drifts: another program writes it again and again. */
  readonly flaps = (id: ResourceId) => {
    if (!this.#flapping.has(id)) {
      this.#whyFlapping.delete(id)
      return undefined
    }
    const minutes = Math.ceil(this.#flapping.restMs(id) / 60_000)
    const one = this.#following?.prepared.find((prepared) => prepared.id === id)
    const paths = one?.type.paths?.(one.resource.name, one.want) ?? []
    const reason =
      this.#whyFlapping.get(id) ??
      `flapping: each time it was repaired, something changed it back; ${whoText(paths, this.#units.get(id))}. It is left alone for ${minutes} minutes`
    if (one && !this.#whyFlapping.has(id)) setTimeout(() => this.#touched([one]), this.#flapping.restMs(id) + 1).unref()
    this.#whyFlapping.set(id, reason)
    return reason
  }

  // In the order of the catalog: what comes first there may be what the next one needs.
  #take() {
    const batch = (this.#following?.prepared ?? []).filter((one) => this.#pending.has(one))
    this.#pending.clear()
    return batch
  }

  async #more() {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve))
    const quiet = new AbortController()
    const waited = delay(quietMs, undefined, { signal: quiet.signal }).catch(() => undefined)
    await Promise.race([woken, waited])
    quiet.abort()
    this.#wake = undefined
    return this.#pending.size > 0
  }

  #watch(paths: Map<string, Prepared[]>, units: Map<string, Prepared[]>) {
    if (paths.size > 0) {
      this.#watches.push(
        new WatchedPaths([...paths.keys()], (path) => this.#touched(paths.get(path) ?? []), this.#options.log),
      )
    }
    if (units.size === 0) return
    const following = this.#following
    const settle = (name: string) => {
      clearTimeout(this.#settling.get(name))
      this.#settling.set(
        name,
        setTimeout(() => this.#touched(units.get(name) ?? []), unitSettleMs),
      )
    }
    this.#options.watchUnits([...units.keys()], settle).then(
      (watch) => (this.#following === following ? this.#watches.push(watch) : watch.close()),
      (error: unknown) =>
        this.#options.log(`units cannot be watched; drift of them waits for the next run: ${messageOf(error)}`, {
          level: 'warn',
        }),
    )
  }

  #touched(drifted: Prepared[]) {
    for (const one of drifted) this.#pending.add(one)
    this.#wake?.()
    this.#tell()
  }

  #tell() {
    if (this.#isTold) return
    this.#isTold = true
    this.#options.drifted()
  }
}

function unitsAloneOf({ type, resource }: Prepared) {
  return type.paths ? [] : (type.units?.(resource.name) ?? [])
}

function byPath(watched: Prepared[]) {
  return grouped(watched, ({ type, resource, want }) => type.paths?.(resource.name, want) ?? [])
}

function byUnit(watched: Prepared[]) {
  return grouped(watched, ({ type, resource }) => type.units?.(resource.name) ?? [])
}

function grouped(watched: Prepared[], namesOf: (one: Prepared) => string[]) {
  const groups = new Map<string, Prepared[]>()
  for (const one of watched) {
    for (const name of namesOf(one)) groups.set(name, [...(groups.get(name) ?? []), one])
  }
  return groups
}

function whoText(paths: string[], units: string[] = []) {
  const [unit] = units
  return unit === undefined ? writersText(paths) : `journalctl -u ${unit} tells why it does not stay so`
}

function writersText(paths: string[]) {
  const writers = [...new Set(paths.flatMap(writersOf))]
  return writers.length === 0 ? 'nothing that runs now seems to write it' : `${writers.join(' and ')} seems to write it`
}
