import { watch } from 'node:fs'
import type { Report } from '../../protocol/events.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import type { Connection } from './connection.ts'
import { shortened } from './shorten.ts'
import type { Spool } from '../kept/spool.ts'

/** Brings spooled reports to the server, one after another; each leaves the spool when the server says that it is stored. */
export class Delivery {
  readonly #spool: Spool
  readonly #now: () => number
  /** Reports that no disk would take: they live as long as this process. */
  readonly #unspooled = new Map<string, Report>()
  #connection: Connection | undefined
  #sent: string | undefined

  constructor(spool: Spool, now: () => number) {
    this.#spool = spool
    this.#now = now
  }

  /** With a connection delivery begins; without one it waits for the next. */
  connected(connection: Connection | undefined) {
    this.#connection = connection
    this.#sent = undefined
    this.#deliver()
  }

  add(report: Report) {
    if (!this.#spool.has(report.run.id)) this.#unspooled.set(report.run.id, shortened(report))
    this.#deliver()
  }

  stored(run: string) {
    faultPoint('delivery.storing')
    this.#spool.remove(run)
    faultPoint('delivery.stored')
    this.#unspooled.delete(run)
    if (this.#sent === run) this.#sent = undefined
    this.#deliver()
  }

  /** Whether a report that waits names the order: then it needs no other run. */
  answers(order: string) {
    const spooled = this.#spool.names().map((name) => this.#spool.read(name))
    return [...spooled, ...this.#unspooled.values()].some((report) => report?.run.orders.includes(order))
  }

  /** How many reports wait. */
  get waiting() {
    return this.#unspooled.size + this.#spool.names().length
  }

  get spoolBytes() {
    return this.#spool.bytes()
  }

  /** Reports of runs that other processes make on this node go out too; `came` hears that there may be one. */
  watch(came: () => void) {
    return watch(this.#spool.dir, () => {
      this.#deliver()
      came()
    })
  }

  #deliver() {
    if (!this.#connection || this.#sent !== undefined) return
    const report = this.#next()
    if (!report) return
    faultPoint('delivery.sending')
    this.#sent = report.run.id
    this.#connection.send({ type: 'report', report, clock: this.#now(), spoolBytes: this.#spool.bytes(report.run.id) })
    faultPoint('delivery.sent')
  }

  #next(): Report | undefined {
    for (const name of this.#spool.names()) {
      const report = this.#spool.read(name)
      if (report) return report
    }
    return this.#unspooled.values().next().value
  }
}
