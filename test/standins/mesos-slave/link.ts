import { setTimeout as pause } from 'node:timers/promises'
import { type Channel, openChannel } from '../shared/channel.ts'
import { log } from '../shared/program.ts'
import type { FromAgent, ToAgent } from '../shared/protocol.ts'
import type { MasterInfo } from '../mesos-master/election.ts'

interface Options {
  /** Called for each connection that stands. */
  registration: () => FromAgent
  heard: (message: ToAgent) => void
  /** Nothing was heard for so long: the master must be another one by now, or cut off. */
  silenceMs: number
}

/** Keeps the agent connected to whichever master leads. */
export class Link {
  readonly #options: Options
  #leader: MasterInfo | undefined
  #channel: Channel | undefined
  #isTrying = false
  #heardAt = 0
  isRegistered = false

  constructor(options: Options) {
    this.#options = options
    setInterval(() => {
      if (this.#channel && Date.now() - this.#heardAt > options.silenceMs) this.#reset('the master is silent')
    }, 1000)
  }

  lead(leader: MasterInfo | undefined) {
    this.#leader = leader
    this.#reset(leader ? `New master detected at ${leader.pid}` : 'Lost leading master')
  }

  say(message: FromAgent) {
    if (this.isRegistered) this.#channel?.say(message)
  }

  #reset(why: string) {
    log(why)
    this.isRegistered = false
    this.#channel?.drop()
    this.#channel = undefined
    void this.#try()
  }

  async #try() {
    if (this.#isTrying) return
    this.#isTrying = true
    while (this.#leader && !this.#channel) {
      const { ip, port } = this.#leader.address
      try {
        const channel = await openChannel(
          { host: ip, port, kind: 'agent' },
          (line) => this.#hear(JSON.parse(line)),
          () => this.#reset('Master disconnected'),
        )
        this.#channel = channel
        this.#heardAt = Date.now()
        channel.say(this.#options.registration())
      } catch (error) {
        log(`No registration at ${ip}:${port} yet: ${error instanceof Error ? error.message : String(error)}`)
        await pause(1000)
      }
    }
    this.#isTrying = false
  }

  #hear(message: ToAgent) {
    this.#heardAt = Date.now()
    if (message.type === 'ping') return this.#channel?.say({ type: 'pong' })
    if (message.type === 'registered') this.isRegistered = true
    return this.#options.heard(message)
  }
}
