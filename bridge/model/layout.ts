import type { Model } from './model.ts'
import type { Server } from './servers.ts'

/** A place for a server in a backend: filled and emptied through the admin socket, without a reload. */
export interface Filled {
  address: string
  port: number
  /** A draining one goes on with what it has begun, and is given nothing new. */
  state: 'ready' | 'drain'
  isTrusted: boolean
}
export type Slot = Filled | undefined
/** Of each backend, by its name; a server keeps its slot for as long as it is there. */
export type Layout = ReadonlyMap<string, Slot[]>
/** Until when draining servers stay, in milliseconds: `backend address:port` → time. */
export type Leaving = ReadonlyMap<string, number>

export interface LaidOut {
  layout: Layout
  leaving: Leaving
}

/** Gives each server a slot. More slots than before, which takes a reload, come in powers of two; they do not become fewer while the backend lives. */
export function layOut(model: Model, before: LaidOut, now: number, drainMs: number): LaidOut {
  const layout = new Map<string, Slot[]>()
  const leaving = new Map<string, number>()
  for (const { name, servers, expected } of model.backends) {
    const had = before.layout.get(name) ?? []
    const wanted = new Map(servers.map((server) => [keyOf(server), server]))
    const slots = had.map((slot): Slot => {
      if (!slot) return undefined
      const server = wanted.get(keyOf(slot))
      wanted.delete(keyOf(slot))
      if (server) return ready(server)
      const key = `${name} ${keyOf(slot)}`
      const until = before.leaving.get(key) ?? now + drainMs
      if (until <= now) return undefined
      leaving.set(key, until)
      return { ...slot, state: 'drain', isTrusted: false }
    })
    layout.set(name, placed([...wanted.values()], slots, expected))
  }
  return { layout, leaving }
}

/** Into the first free slots; the first servers of a backend stand in a row. */
function placed(servers: Server[], slots: Slot[], expected: number): Slot[] {
  const filled = Math.max(expected, slots.filter((slot) => slot !== undefined).length + servers.length)
  const count = filled <= slots.length ? slots.length : roomFor(filled)
  const all: Slot[] = Array.from({ length: count }, (_, index) => slots[index])
  for (const server of servers) all[all.indexOf(undefined)] = ready(server)
  return all
}

function roomFor(filled: number) {
  let room = 8
  while (room < filled * 1.5) room *= 2
  return room
}

export function keyOf({ address, port }: { address: string; port: number }) {
  return `${address}:${port}`
}

function ready({ address, port, isTrusted }: Server): Filled {
  return { address, port, state: 'ready', isTrusted }
}
