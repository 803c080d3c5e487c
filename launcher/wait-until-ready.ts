import { CommandError } from '../cli/command.ts'
import { cannotBecomeReady } from '../protocol/node-ready.ts'
import { describeBoot, readBoot } from './boot-phase.ts'
import type { View } from './lookout.ts'
import type { Machine } from './provider.ts'
import { lives, whyNotUp, type Site } from './site.ts'

/** Between two looks at the console of one machine: on EC2 it lags anyway. */
const consoleEveryMs = 10_000

/**
 * Until the node of a machine has joined and converged; after a reboot, with another connection than that of `before` (ms since 1970). One that cannot any
 * more ends it at once; one that failed to boot is terminated, unless it is to be kept.
 */
export async function waitUntilReady(machine: Machine, site: Site, before?: number): Promise<Machine> {
  const { node } = machine
  const boot = new Boot(machine, site)
  let told = 'it has not been heard of'
  const ready = async ({ machines, nodes }: View) => {
    const seen = machines.find(({ id }) => id === machine.id) ?? machine
    if (!lives(seen)) throw new CommandError(`${node}: ${seen.id} is ${seen.state}: ${seen.stateReason ?? noReason}`)
    const joined = nodes.get(node)
    if (joined && cannotBecomeReady(joined))
      throw new CommandError(`${node} has joined, and is ${whyNotUp(joined)}. Next: trivet node explain ${node}`)
    const isBack = joined?.connectedAt !== undefined && joined.connectedAt !== before
    const why = joined && isBack ? whyNotUp(joined) : await boot.phase()
    if (why === undefined) return seen
    if (why !== told) site.tell(node, why)
    told = why
    return undefined
  }
  const late = () => `${node} is not ready after ${site.patienceMs / 1000} s: ${told}; ${boot.describe()}`
  return site.lookout.until(ready, site.patienceMs, late)
}

export const noReason = 'the provider does not say why'

/** What a machine says before its agent can. */
class Boot {
  readonly #machine: Machine
  readonly #site: Site
  #console = ''
  #readAt = 0

  constructor(machine: Machine, site: Site) {
    this.#machine = machine
    this.#site = site
  }

  async phase() {
    await this.#read()
    const { phase, failed } = readBoot(this.#console)
    if (failed) throw await this.#fail()
    return phase === undefined ? 'boots' : `boots: ${phase}`
  }

  describe() {
    return describeBoot(this.#console)
  }

  async #read() {
    const { now, provider, tell } = this.#site
    if (now() - this.#readAt < consoleEveryMs) return
    this.#readAt = now()
    try {
      this.#console = await provider.console(this.#machine)
    } catch (error) {
      // The node itself will tell when it is up; its console is only to know why not.
      if (!(error instanceof CommandError)) throw error
      tell(this.#machine.node, `its console cannot be read: ${error.message}`)
    }
  }

  async #fail() {
    const { node, id } = this.#machine
    const { keepOnFailure, provider, book } = this.#site
    if (!keepOnFailure) {
      await provider.terminate([this.#machine])
      await book.forget(node)
    }
    const left = keepOnFailure ? `${id} is kept.` : `${id} was terminated; --keep-on-failure would have kept it.`
    return new CommandError(`${node}: ${this.describe()}\n${left}`)
  }
}
