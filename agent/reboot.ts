import { readFileSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { hasCode } from '../protocol/errors.ts'
import { faultPoint } from '../resources/fault-points.ts'
import { readReplaceable, writeSynced } from './state.ts'

const Asked = z.strictObject({
  /** Which boot of the machine asked. */
  bootId: z.string(),
  reason: z.string(),
  /** What the run that goes on after the boot answers. */
  orders: z.array(z.string()),
  /** How many reboots one after another were asked for. */
  count: z.int(),
})
type Asked = z.infer<typeof Asked>

/** A cause that is still there after so many reboots will not go by another. */
const most = 3

/** The reboot that a run asked for, on disk before it happens, so that the run goes on after it whatever comes between. */
export class Reboots {
  readonly #path: string
  readonly #bootId: () => string

  constructor(path: string, bootId: () => string = bootIdOfMachine) {
    this.#path = path
    this.#bootId = bootId
  }

  ask(reason: string, orders: string[]) {
    const before = this.#asked()
    const count = (before?.count ?? 0) + 1
    if (count > most) {
      throw new Error(
        `${reason} still asks for a reboot after ${most} of them. See what keeps asking; then remove ${this.#path}.`,
      )
    }
    faultPoint('reboot.asking')
    writeSynced(this.#path, JSON.stringify({ bootId: this.#bootId(), reason, orders, count } satisfies Asked))
    faultPoint('reboot.asked')
  }

  /** Asked for, and the machine is still up: why. */
  get pending() {
    const asked = this.#asked()
    return asked?.bootId === this.#bootId() ? asked.reason : undefined
  }

  /** The machine has come up again since: the orders that the run which goes on is to answer. */
  get resumed() {
    const asked = this.#asked()
    return asked && asked.bootId !== this.#bootId() ? asked.orders : undefined
  }

  forget() {
    rmSync(this.#path, { force: true })
    faultPoint('reboot.forgotten')
  }

  #asked() {
    return readReplaceable(this.#path, Asked)
  }
}

/** A new one at each boot (random(4)); where /proc tells none, that of no boot. */
function bootIdOfMachine() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'unknown'
    throw error
  }
}
