import type { Filled, Layout, Slot } from '../model/layout.ts'
import { ask } from './socket.ts'
import { slotName } from './text.ts'

/** What a running HAProxy says of itself. */
export interface Info {
  pid: number
  /** The shape of its configuration; `-` or something else's words where it is not ours. */
  description: string
}

export async function readInfo(socket: string): Promise<Info> {
  const told = await ask(socket, 'show info')
  const value = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(told)?.[1]?.trim() ?? ''
  const pid = Number(value('Pid'))
  if (!(pid > 0)) throw new Error(`${socket} tells no pid: ${told.slice(0, 100)}`)
  return { pid, description: value('description') }
}

/** What is in its slots now. */
export async function readSlots(socket: string): Promise<{ layout: Layout; told: string }> {
  const told = await ask(socket, 'show servers state')
  return { layout: slotsIn(told), told }
}

// Not 0x04, which remembers for ever that the configuration had it disabled.
const maintenance = 0x01 | 0x02 | 0x20
const draining = 0x08 | 0x10

/** From `show servers state`: one line a server, words between blanks, named by the line that begins with `#`. */
export function slotsIn(told: string): Layout {
  const lines = told.split('\n')
  const columns =
    lines
      .find((line) => line.startsWith('# '))
      ?.slice(2)
      .split(' ') ?? []
  const layout = new Map<string, Slot[]>()
  for (const line of lines) {
    const words = line.split(' ')
    const word = (column: string) => words[columns.indexOf(column)] ?? ''
    const [, number] = /^s(\d+)$/.exec(word('srv_name')) ?? []
    if (number === undefined) continue
    const slots = layout.get(word('be_name')) ?? []
    slots[Number(number) - 1] = slotOf(word)
    layout.set(word('be_name'), slots)
  }
  return layout
}

function slotOf(word: (column: string) => string): Slot {
  const admin = Number(word('srv_admin_state'))
  if ((admin & maintenance) !== 0) return undefined
  const isDraining = (admin & draining) !== 0 || word('srv_uweight') === '0'
  return {
    address: word('srv_addr'),
    port: Number(word('srv_port')),
    state: isDraining ? 'drain' : 'ready',
    isTrusted: false,
  }
}

/** What must be said so that the slots are as wanted. The two have the same slots. */
export function commandsFor(current: Layout, wanted: Layout): string[] {
  return [...wanted].flatMap(([backend, slots]) => {
    const now = current.get(backend) ?? []
    return slots.flatMap((slot, index) => change(`${backend}/${slotName(index)}`, now[index], slot))
  })
}

function change(server: string, current: Slot, wanted: Slot): string[] {
  if (!wanted) return current ? [`set server ${server} state maint`] : []
  if (!current || current.address !== wanted.address || current.port !== wanted.port)
    return fill(server, current, wanted)
  if (current.state === wanted.state) return []
  return wanted.state === 'drain'
    ? [`set server ${server} state drain`]
    : [`set server ${server} weight 100%`, `set server ${server} state ready`]
}

/** It passes through drain, where it is given nothing: what nobody has found well yet begins as down, and HAProxy's first check takes it up. */
function fill(server: string, current: Slot, { address, port, state, isTrusted }: Filled) {
  return [
    ...(current ? [`set server ${server} state maint`] : []),
    `set server ${server} addr ${address} port ${port}`,
    `set server ${server} state drain`,
    ...(state === 'drain' ? [] : [`set server ${server} weight 100%`]),
    `set server ${server} health ${isTrusted ? 'up' : 'down'}`,
    ...(state === 'drain' ? [] : [`set server ${server} state ready`]),
  ]
}

/** HAProxy reads a line of at most 16 KiB. */
const together = 60

/** Carries them out, in order; throws with the first that HAProxy refuses. */
export async function carryOut(socket: string, commands: string[]) {
  for (let at = 0; at < commands.length; at += together) {
    const some = commands.slice(at, at + together)
    const told = await ask(socket, some.join(';'))
    const wrong = told.split('\n').find((line) => line.trim() !== '' && !isFine(line))
    if (wrong !== undefined) throw new Error(`haproxy refused a change of its servers: ${wrong.trim()}`)
  }
}

/** A changed address is told, everything else that succeeds is silent. */
function isFine(line: string) {
  return /^(IP changed|no need to change|port changed|nothing changed)/i.test(line.trim())
}
