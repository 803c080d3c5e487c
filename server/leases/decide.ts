import type { LeaseRule } from '../../protocol/catalog.ts'

/** One node of a group as the server knows it now. */
interface Member {
  name: string
  /** Why it is not well; null: it is. */
  trouble: string | null
  /** What it has to do before those that go last, said after its name: `has yet to converge`; null: nothing. */
  busy: string | null
}

interface Holder {
  name: string
  grantedAt: number
}

/** A node that asks for a lease of the group and holds none. */
export interface Waiting {
  node: string
  name: string
  max: LeaseRule['max']
  last: boolean
  /** Why it can have none, whatever the others do. */
  barred: string | null
}

/** All that a decision rests on. Nodes are known by their ids. */
export interface GroupState {
  now: number
  members: Map<string, Member>
  held: Map<string, Holder>
  /** By the time of asking. */
  waiting: Waiting[]
}

export interface Decision {
  /** Nodes, in the order in which they are served. */
  grants: string[]
  /** Why the others wait, by node. */
  refusals: Map<string, string>
}

/** As it is while one after the other is served. */
interface Moment extends GroupState {
  /** Members that are not well and hold no lease: counted once, for a group may be the whole fleet. */
  unwell: Map<string, string>
}

/** Who is served now. With those that are served, no more than `max` hold a lease or are unwell; whoever cannot be served keeps nobody else from it. */
export function decide(state: GroupState): Decision {
  const moment = { ...state, held: new Map(state.held), unwell: unwellOf(state) }
  const grants: string[] = []
  for (const one of state.waiting) {
    if (reasonFor(one, moment) !== undefined) continue
    moment.held.set(one.node, { name: one.name, grantedAt: state.now })
    moment.unwell.delete(one.node)
    grants.push(one.node)
  }
  const refusals = new Map<string, string>()
  for (const one of state.waiting) {
    const reason = moment.held.has(one.node) ? undefined : reasonFor(one, moment)
    if (reason !== undefined) refusals.set(one.node, reason)
  }
  return { grants, refusals }
}

function unwellOf({ members, held }: GroupState) {
  const unwell = new Map<string, string>()
  for (const [id, { trouble }] of members) if (trouble !== null && !held.has(id)) unwell.set(id, trouble)
  return unwell
}

/** How many may be acting or unwell at a time, in a group of so many. */
export function roomOf(max: LeaseRule['max'], members: number) {
  return typeof max === 'number' ? max : Math.max(1, Math.floor((members * Number.parseInt(max, 10)) / 100))
}

/** Undefined: it can be served. */
function reasonFor(one: Waiting, moment: Moment) {
  if (one.barred !== null) return one.barred
  const { held, unwell, members } = moment
  const room = roomOf(one.max, members.size)
  const others = held.size + unwell.size - (unwell.has(one.node) ? 1 : 0)
  if (others >= room) return `${room > 1 ? `at most ${room} at a time: ` : ''}${firstOf(inTheWay(one.node, moment))}`
  if (!one.last) return undefined
  const before = firstOf(goesBefore(one.node, moment))
  return before === '' ? undefined : `it goes last, and ${before}`
}

/** The others that hold a lease or are not well. */
function* inTheWay(node: string, { held, unwell }: Moment) {
  for (const { name, grantedAt } of held.values())
    yield `node ${name} holds it since ${new Date(grantedAt).toISOString()}`
  for (const [id, trouble] of unwell) if (id !== node) yield trouble
}

/** The others that have something to do before a node that goes last; another one that goes last has not. */
function* goesBefore(node: string, { members, held, waiting }: Moment) {
  for (const { name } of held.values()) yield `node ${name} holds it`
  const asking = waiting.filter((other) => other.node !== node && other.barred === null && !held.has(other.node))
  for (const { name, last } of asking) if (!last) yield `node ${name} waits for it too`
  const patient = new Set(asking.map((other) => other.node))
  for (const [id, { name, busy }] of members)
    if (id !== node && busy !== null && !patient.has(id)) yield `node ${name} ${busy}`
}

const named = 3

/** In words, and no more of them than are read. */
function firstOf(reasons: Iterable<string>) {
  const first: string[] = []
  for (const reason of reasons) {
    if (first.length === named) return `${first.join('; ')}; and others`
    first.push(reason)
  }
  return first.join('; ')
}
