import { rmSync } from 'node:fs'
import { z } from 'zod'
import { hasCode } from '../../protocol/errors.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { readReplaceable, writeSynced } from '../kept/state.ts'
import { readBootId } from '../machine/proc.ts'

const Asked = z.strictObject({
  /** Which boot of the machine asked. */
  bootId: z.string(),
  reason: z.string(),
  /** What the run that goes on after the boot answers. */
  orders: z.array(z.string()),
  /** How many reboots one after another were asked for. */
  count: z.int(),
  /** It has come, and is owed no more. */
  hasCome: z.literal(true).optional(),
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
    try {
      writeSynced(this.#path, JSON.stringify({ bootId: this.#bootId(), reason, orders, count } satisfies Asked))
      faultPoint('reboot.asked')
    } catch (error) {
      // Half asked, it would come all the same, and its orders be answered twice.
      rmSync(this.#path, { force: true })
      throw error
    }
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

  /** It has come, and nobody has crossed out yet what asked for it. */
  get hasJustCome() {
    const asked = this.#asked()
    return asked !== undefined && asked.bootId !== this.#bootId() && !asked.hasCome
  }

  /** What asks for a reboot from now on asks for another one. */
  crossOut() {
    const asked = this.#asked()
    if (asked) writeSynced(this.#path, JSON.stringify({ ...asked, hasCome: true } satisfies Asked))
    faultPoint('reboot.come')
  }

  forget() {
    rmSync(this.#path, { force: true })
    faultPoint('reboot.forgotten')
  }

  #asked() {
    return readReplaceable(this.#path, Asked)
  }
}

/** Where /proc tells none, that of no boot. */
function bootIdOfMachine() {
  try {
    return readBootId()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'unknown'
    throw error
  }
}
