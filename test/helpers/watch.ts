import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LabNode } from '../../lab/node.ts'

/** Looks all the time which ZooKeepers take connections: one that is between two leaders does, one that is restarted does not. */
export class Watch {
  readonly #nodes: LabNode[]
  #mostDown = 0
  #looks = 0
  #running = true

  constructor(nodes: LabNode[]) {
    this.#nodes = nodes
  }

  start() {
    void this.#look()
  }

  stop() {
    this.#running = false
    return { mostDown: this.#mostDown, looks: this.#looks }
  }

  async #look() {
    while (this.#running) {
      const down = (await Promise.all(this.#nodes.map(isDown))).filter(Boolean).length
      this.#mostDown = Math.max(this.#mostDown, down)
      this.#looks++
      await delay(50)
    }
  }
}

function isDown({ address }: LabNode): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 2181, timeout: 3000 })
    const is = (down: boolean) => {
      socket.destroy()
      resolve(down)
    }
    socket.on('connect', () => is(false))
    socket.on('error', () => is(true))
    socket.on('timeout', () => is(true))
  })
}
