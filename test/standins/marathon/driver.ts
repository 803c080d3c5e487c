import { setTimeout as pause } from 'node:timers/promises'
import { watchLeader, type MasterInfo } from '../mesos-master/election.ts'
import { type Channel, openChannel } from '../shared/channel.ts'
import { log } from '../shared/program.ts'
import type { FrameworkInfo, FromFramework, ToFramework } from '../shared/protocol.ts'
import { parseZkUrl, ZooKeeper } from '../shared/zookeeper.ts'

interface Options {
  master: string
  sessionMs: number
  framework: () => FrameworkInfo
  heard: (message: ToFramework) => void
  disconnected: () => void
  /** The watch over the masters is over. */
  lost: () => void
}

/** The leading Marathon's connection to the leading master: in life the scheduler driver of libmesos. */
export class Driver {
  readonly #options: Options
  #leader: MasterInfo | undefined
  #channel: Channel | undefined
  #isTrying = false

  constructor(options: Options) {
    this.#options = options
  }

  async start() {
    const { master, sessionMs, lost } = this.#options
    const url = parseZkUrl(master)
    if (url) {
      const zk = await ZooKeeper.connect(url.hosts, sessionMs)
      zk?.onLost(lost)
      if (zk) await watchLeader(zk, url.path, (leader) => this.#lead(leader))
    } else {
      const { hostname, port } = new URL(master.includes('://') ? master : `http://${master}`)
      const address = { hostname, ip: hostname, port: Number(port) }
      this.#lead({
        id: '',
        ip: 0,
        port: address.port,
        pid: `master@${hostname}:${port}`,
        hostname,
        version: '',
        address,
      })
    }
  }

  get uiUrl() {
    return this.#leader && `http://${this.#leader.hostname}:${this.#leader.port}`
  }

  say(message: FromFramework) {
    this.#channel?.say(message)
  }

  #lead(leader: MasterInfo | undefined) {
    this.#leader = leader
    this.#reset()
  }

  #reset() {
    if (this.#channel) {
      this.#channel.drop()
      this.#options.disconnected()
    }
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
          { host: ip, port, kind: 'framework' },
          (line) => this.#options.heard(JSON.parse(line)),
          () => this.#reset(),
        )
        this.#channel = channel
        channel.say({ type: 'subscribe', framework: this.#options.framework() })
      } catch (error) {
        log(
          `The master at ${ip}:${port} takes no framework yet: ${error instanceof Error ? error.message : String(error)}`,
        )
        await pause(1000)
      }
    }
    this.#isTrying = false
  }
}
