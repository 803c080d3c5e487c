import { CommandError } from '../cli/command.ts'
import { cannotBecomeReady, whyNotReady } from '../protocol/node-ready.ts'
import type { ListedNode } from '../protocol/views.ts'
import { describeBoot, readBoot } from './boot-phase.ts'
import type { View } from './lookout.ts'
import type { Machine } from './provider.ts'
import { lives, whyNotUp, type Site } from './site.ts'

/** Between two looks at the console of one machine: on EC2 it lags anyway. */
const consoleEveryMs = 10_000
/** A cloud may leave out a machine that it has shown before, but not for long. */
const unseenMs = 120_000

export const noReason = 'the provider does not say why'

/** The machine said on its console that it gave up becoming a node. */
export class BootFailed extends CommandError {
  override name = 'BootFailed'
}

/** Until the node of a new machine has joined and converged. Throws BootFailed where its boot has failed, with its phase and the end of its console. */
export async function waitUntilBooted(machine: Machine, site: Site): Promise<Machine> {
  const boot = new BootWatch(machine, site)
  return waitForNode(machine, site, {
    isBack: () => true,
    phase: () => boot.phase(),
    describe: () => `; ${boot.describe()}`,
  })
}

/** The same for one that was a node before: with another connection than that of `before` (ms since 1970), which may be undefined for one that ran all the time. */
export async function waitUntilReady(machine: Machine, site: Site, before?: number): Promise<Machine> {
  return waitForNode(machine, site, {
    isBack: (connectedAt) => connectedAt !== before,
    phase: async () => 'boots',
    describe: () => '',
  })
}

interface Way {
  isBack: (connectedAt: number) => boolean
  /** How far it is while its node does not speak. */
  phase: () => Promise<string>
  /** What is known besides, when it was waited in vain. */
  describe: () => string
}

/** One that cannot become ready any more ends the waiting at once. */
async function waitForNode(machine: Machine, site: Site, { isBack, phase, describe }: Way): Promise<Machine> {
  const { node } = machine
  let told = 'it has not been heard of'
  let seenAt = site.now()
  const ready = async ({ machines, nodes }: View) => {
    const found = machines.find(({ id }) => id === machine.id)
    if (found) seenAt = site.now()
    if (site.now() - seenAt > unseenMs) throw new CommandError(`${node}: ${machine.id} is gone. Next: run this again`)
    const seen = found ?? machine
    if (!lives(seen))
      throw new CommandError(
        `${node}: ${seen.id} is ${seen.state}: ${seen.stateReason ?? noReason}. Next: trivet launch up makes it anew`,
      )
    const joined = nodes.get(node)
    if (joined && cannotBecomeReady(joined))
      throw new CommandError(`${node} has joined, and is ${whyNotReady(joined)}. Next: ${whatNext(joined)}`)
    const speaks = joined?.connectedAt !== undefined && isBack(joined.connectedAt)
    const why = joined && speaks ? whyNotUp(joined) : await phase()
    if (why === undefined) return seen
    if (why !== told) site.tell(node, why)
    told = why
    return undefined
  }
  const late = () => `${node} is not ready after ${site.patienceMs / 1000} s: ${told}${describe()}`
  return site.lookout.until(ready, site.patienceMs, late)
}

function whatNext({ name, state }: ListedNode) {
  return state === 'error' ? 'mend that, and run this again' : `trivet run list --node ${name}`
}

/** What a machine says before its agent can. */
class BootWatch {
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
    if (failed) throw new BootFailed(`${this.#machine.node}: ${this.describe()}`)
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
}
