import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../protocol/errors.ts'
import type { BridgeConfig } from './config.ts'
import { ConsulHealth, passingBy, register } from './consul/consul.ts'
import { registrations } from './consul/registrations.ts'
import { writeHosts } from './dnsmasq.ts'
import { Haproxy } from './haproxy/haproxy.ts'
import { serve } from './haproxy/serve.ts'
import { Addresses } from './marathon/addresses.ts'
import { listen } from './marathon/events.ts'
import { Marathons } from './marathon/marathons.ts'
import type { App, Complaint } from './model/app.ts'
import type { Layout, Leaving } from './model/layout.ts'
import { buildModel, type Owners } from './model/model.ts'
import { serviceName } from './model/names.ts'
import { type Memory, remember } from './model/remember.ts'
import { Status } from './told/status.ts'
import { Turns } from './turns.ts'

/** Between two looks whether HAProxy is another one than it was, or a drained task's time is over. */
const lookMs = 2000
/** After a failure. */
const againMs = 2000
/** A burst of events becomes few reads. */
const burstMs = 50

/** Keeps HAProxy as Marathon says. */
export class Bridge {
  readonly status = new Status()
  readonly #config: BridgeConfig
  readonly #log: (line: string) => void
  readonly #marathons: Marathons
  readonly #haproxy: Haproxy
  readonly #addresses = new Addresses(() => this.#turns.ask(Date.now()))
  readonly #turns = new Turns()
  readonly #consul: ConsulHealth | undefined
  #memory: Memory = new Map()
  #leaving: Leaving = new Map()
  #read: { apps: App[]; complaints: Complaint[]; addresses: ReadonlyMap<string, string> } | undefined
  #pid: number | undefined

  constructor(config: BridgeConfig, log: (line: string) => void) {
    this.#config = config
    this.#log = log
    this.#marathons = new Marathons(config.marathons)
    this.#haproxy = new Haproxy(config.haproxy)
    if (config.consul?.render) this.#consul = new ConsulHealth(config.consul.url, () => this.#turns.ask(Date.now()))
  }

  async run(signal: AbortSignal) {
    await this.#haproxy.forgetState()
    const listening = this.#config.events ? this.#listen(signal) : Promise.resolve()
    this.#turns.ask(Date.now())
    while (!signal.aborted) await this.#turn(signal)
    this.#consul?.watch(new Set())
    await listening
  }

  #listen(signal: AbortSignal) {
    return listen(
      this.#marathons,
      {
        changed: () => {
          this.status.events++
          this.#turns.ask(Date.now())
        },
        state: (text, isConnected) => {
          if (text !== this.status.stream) this.#log(text)
          this.status.stream = text
          this.status.isListening = isConnected
          // Whether it can still be read shows which Marathons are away.
          if (!isConnected) this.#turns.ask(Date.now())
        },
      },
      signal,
    )
  }

  async #turn(signal: AbortSignal) {
    const troubled = this.status.troubles.size > 0
    const asked = await this.#turns.next(troubled ? againMs : lookMs, signal)
    if (signal.aborted) return
    const { readAt } = this.status
    const isDue = readAt === undefined || Date.now() - readAt >= this.#config.pollSeconds * 1000
    if (asked !== undefined || isDue || this.status.troubles.has('reading')) await this.#readAll(signal)
    if (signal.aborted || !this.#read) return
    if (asked === undefined && !isDue && !troubled && !(await this.#isAnother())) return
    const changedAt = await this.#serve(signal)
    if (asked !== undefined && changedAt !== undefined) this.status.latency.observe((changedAt - asked) / 1000)
    if (asked !== undefined) await pause(burstMs, undefined, { signal }).catch(() => {})
  }

  /** Whether something is to be done though nobody has told of it. */
  async #isAnother() {
    const now = Date.now()
    if ([...this.#leaving.values()].some((until) => until <= now)) return true
    return (await this.#haproxy.info())?.pid !== this.#pid
  }

  async #readAll(signal: AbortSignal) {
    const done = await this.#attempt('reading', async () => {
      const told = await this.#marathons.apps(signal)
      const { apps, memory } = remember(told.apps, this.#memory)
      this.#memory = memory
      this.#read = { apps, complaints: told.complaints, addresses: await this.#addresses.of(apps, Date.now()) }
    })
    this.status.source = this.#marathons.current
    if (done) this.status.reads++
    else this.status.failedReads++
    if (done) this.status.readAt = Date.now()
  }

  /** Gives when HAProxy had what was changed, if something was. */
  async #serve(signal: AbortSignal) {
    const read = this.#read
    if (!read) return undefined
    await this.#tellConsul(read, signal)
    const consul = this.#consul
    // Its first answer is on its way. Or neither it nor HAProxy tells what is well, and what the file has is left as it is.
    if (consul?.isAwaited || (consul?.isKnown === false && !(await this.#haproxy.info()))) return undefined
    let changedAt: number | undefined
    await this.#attempt('haproxy', async () => {
      const layout: Layout = (await this.#haproxy.info()) ? (await this.#haproxy.slots()).layout : new Map()
      const owners = ownersIn([...layout.keys()], read.apps)
      const isPassing = consul && passingBy(consul, layout)
      const model = buildModel({ ...read, owners, isPassing }, this.#config)
      this.status.model = model
      const served = await serve(this.#haproxy, model, this.#leaving, Date.now(), this.#config)
      this.#leaving = served.leaving
      this.status.model = served.model
      this.#tellComplaints(served.model.complaints)
      if (served.reloaded) this.status.reloads++
      this.status.socketCommands += served.said
      if (served.reloaded || served.said > 0) changedAt = served.at
      const info = await this.#haproxy.info()
      this.#pid = info?.pid
      if (!info)
        throw new Error(
          `haproxy does not answer on ${this.#config.haproxy.adminSocket}. Its configuration is in place; see: journalctl -u haproxy`,
        )
      this.status.servedAt = Date.now()
    })
    await this.#attempt('dnsmasq', () => writeHosts(this.status.model, this.#config))
    return changedAt
  }

  async #tellConsul({ apps, addresses }: { apps: App[]; addresses: ReadonlyMap<string, string> }, signal: AbortSignal) {
    const { consul } = this.#config
    if (!consul) return
    const health = this.#consul
    health?.watch(new Set(apps.flatMap((app) => app.ports.map((_, index) => serviceName(app.id, index)))))
    await this.#attempt('consul', async () => {
      if (consul.register) await register(consul.url, registrations(apps, addresses, this.#config), signal)
      if (health?.trouble !== undefined) throw new Error(health.trouble)
    })
  }

  /** What goes wrong is told, once, and tried again; nothing of it ends the bridge. */
  async #attempt(what: Parameters<Status['troubles']['set']>[0], act: () => Promise<void>) {
    const { troubles } = this.status
    try {
      await act()
      if (troubles.delete(what)) this.#log(`${what} is well again`)
      return true
    } catch (error) {
      const text = messageOf(error)
      if (troubles.get(what) !== text) this.#log(`trouble with ${what}: ${text}`)
      troubles.set(what, text)
      return false
    }
  }

  #tellComplaints(complaints: Complaint[]) {
    const known = new Set(this.status.complaints.map(({ app, text }) => `${app} ${text}`))
    for (const { app, effect, text } of complaints)
      if (!known.has(`${app} ${text}`)) this.#log(`${app}: ${effect}: ${text}`)
    this.status.complaints = complaints
  }
}

/** Who has had which service port so far, by the names of the backends that HAProxy runs. */
function ownersIn(backends: string[], apps: App[]): Owners {
  const ids = new Map(apps.map(({ id }) => [id.slice(1).replaceAll('/', '_'), id]))
  return new Map(
    backends.flatMap((name) => {
      const at = name.lastIndexOf('_')
      const app = ids.get(name.slice(0, at))
      return app === undefined ? [] : [[Number(name.slice(at + 1)), app] as const]
    }),
  )
}
