import { digestOf } from '../../protocol/catalog.ts'
import type { Facts } from '../../protocol/facts.ts'
import type { Connection } from './connection.ts'

/** Which facts the server has, so that only others are sent. */
export class FactsTold {
  readonly #read: () => Promise<Facts>
  #told = ''

  constructor(read: () => Promise<Facts>) {
    this.#read = read
  }

  /** The greeting has told them, or the answer to it did. */
  async greeted() {
    this.#told = digestOf(await this.#read())
  }

  async renew(connection: Connection | undefined) {
    const facts = await this.#read()
    if (!connection || digestOf(facts) === this.#told) return
    this.#told = digestOf(facts)
    connection.send({ type: 'facts', facts })
  }
}
