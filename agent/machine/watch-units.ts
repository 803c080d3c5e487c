import { setTimeout as pause } from 'node:timers/promises'
import { CallFailed, type Connection } from './dbus/connection.ts'
import type { Message } from './dbus/message.ts'
import { type Listener, objectOf, propertyOf, type Systemd } from './dbus/systemd.ts'

/** A unit that was only loaded to be looked at is dropped at once, so nothing is told of one that is gone within this time. */
const newcomerMs = 100
const retryMs = 5000

export interface UnitWatch {
  close: () => void
}

/**
 * Tells the name of each unit that may have changed (its state, or whether it is enabled or masked) from when the promise resolves on. Where
 * changes may have been missed, as when systemd executed itself anew, it tells all. What is told once may stand for many changes.
 */
export async function watchUnits(
  names: string[],
  onChange: (name: string) => void,
  systemd: Systemd,
): Promise<UnitWatch> {
  const watch = new Watch(names, onChange, systemd)
  await watch.start()
  return watch
}

class Watch implements Listener, UnitWatch {
  readonly #names: string[]
  readonly #onChange: (name: string) => void
  readonly #systemd: Systemd
  /** The names that each D-Bus object is watched for: an alias has the object of the unit that it leads to. */
  #namesOf = new Map<string, string[]>()
  readonly #newcomers = new Map<string, NodeJS.Timeout>()
  readonly #due = new Set<string>()
  #isStale = false
  #isRenewing = false
  #isOver = false

  constructor(names: string[], onChange: (name: string) => void, systemd: Systemd) {
    this.#names = [...new Set(names)]
    this.#onChange = onChange
    this.#systemd = systemd
  }

  async start() {
    await this.#learn()
    this.#systemd.listeners.add(this)
  }

  close() {
    this.#isOver = true
    this.#systemd.listeners.delete(this)
    this.#newcomers.forEach((timer) => clearTimeout(timer))
  }

  signal({ member, path, body }: Message) {
    if (member === 'PropertiesChanged') return this.#tell(this.#namesOf.get(path))
    if (member === 'UnitNew') return this.#came(String(body()[1]))
    if (member === 'UnitRemoved') return clearTimeout(this.#newcomers.get(String(body()[1])))
    if (member === 'UnitFilesChanged' || (member === 'Reloading' && body()[0] === false)) this.lost()
  }

  lost() {
    this.#isStale = true
    // After a reload every unit is new.
    this.#newcomers.forEach((timer) => clearTimeout(timer))
    if (!this.#isRenewing) void this.#renew()
  }

  // Where systemd cannot be asked, whatever asks it in a run says why; here it is only asked again.
  async #renew() {
    this.#isRenewing = true
    while (this.#isStale && !this.#isOver) {
      this.#isStale = false
      try {
        await this.#learn()
      } catch {
        this.#isStale = true
        await pause(retryMs, undefined, { ref: false })
      }
    }
    this.#isRenewing = false
    this.#tell(this.#names)
  }

  async #learn() {
    const objects = await this.#systemd.ask((connection) =>
      Promise.all(this.#names.map((name) => canonicalObject(name, connection))),
    )
    this.#namesOf = new Map()
    for (const [index, object] of objects.entries()) {
      this.#namesOf.set(object, [...(this.#namesOf.get(object) ?? []), ...this.#names.slice(index, index + 1)])
    }
  }

  #came(object: string) {
    const names = this.#namesOf.get(object)
    if (!names) return
    clearTimeout(this.#newcomers.get(object))
    this.#newcomers.set(object, setTimeout(() => this.#tell(names), newcomerMs).unref())
  }

  // Signals come in bursts; one that has its turn with others is told with them.
  #tell(names: string[] = []) {
    if (this.#due.size === 0 && names.length > 0) setImmediate(() => this.#tellDue())
    for (const name of names) this.#due.add(name)
  }

  #tellDue() {
    const due = [...this.#due]
    this.#due.clear()
    for (const name of due) if (!this.#isOver) this.#onChange(name)
  }
}

async function canonicalObject(name: string, connection: Connection) {
  try {
    const [id] = await connection.call(propertyOf(name, 'Unit', 'Id'))
    return objectOf(String(id))
  } catch (error) {
    // A name that can have no unit, such as that of a template.
    if (error instanceof CallFailed) return objectOf(name)
    throw error
  }
}
