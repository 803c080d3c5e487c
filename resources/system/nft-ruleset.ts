import { z } from 'zod'
import type { Change } from '../../protocol/events.ts'
import { commandFailed, differences } from '../define.ts'
import type { Host } from '../host.ts'
import { runIfThere } from './run-if-there.ts'

type Runs = Pick<Host, 'run'>

const Item = z.looseObject({ family: z.string().optional(), table: z.string().optional(), name: z.string().optional() })
const Listing = z.object({ nftables: z.array(z.record(z.string(), Item)) })
const list = ['nft', '--json', '--stateless', 'list', 'ruleset']

interface Table {
  /** Chains, rules, sets and the like, in their order. */
  items: string[]
  /** What its sets and maps hold. */
  elements: string[]
}

/** By `inet filter`. */
type Ruleset = Map<string, Table>

/** The tables of a text that the kernel has otherwise, or not at all. */
export async function notLoaded(text: Buffer, host: Runs): Promise<Change[]> {
  const kernel = await kernelRuleset(host)
  if (!kernel) return differences({}, { loaded: 'true' })
  const tried = await triedRuleset(text, host)
  const differing = tried ? differingTables(tried, kernel) : tablesNamedIn(text).filter((table) => !kernel.has(table))
  return differing.map((table) => ({
    what: `table ${table}`,
    from: kernel.has(table) ? 'otherwise' : null,
    to: 'as in the file',
  }))
}

/** What replaces the tables of the old text by the new text in one step. It begins on one line with that, so that errors name the line of the text. */
export async function replacingText(before: Buffer, after: Buffer, host: Runs) {
  const tables = new Set([...(await tablesOf(before, host)), ...(await tablesOf(after, host))])
  return [...tables].map((table) => `table ${table}; delete table ${table}; `).join('') + after.toString()
}

async function tablesOf(text: Buffer, host: Runs) {
  return text.length > 0 ? ((await triedRuleset(text, host))?.keys() ?? tablesNamedIn(text)) : []
}

/** What the kernel has; undefined where there is no nft to ask it. */
async function kernelRuleset(host: Runs): Promise<Ruleset | undefined> {
  const result = await runIfThere(host, list)
  if (result && result.exitCode !== 0) throw new Error(commandFailed(list, result))
  return result && parse(result.stdout)
}

/**
 * What a text comes to, tried out in a network namespace that lives as long as the command. Undefined where that is refused, as in some
 * containers, or where the text needs what only the real one has: an interface by number, or a table of somebody else's.
 */
async function triedRuleset(text: Buffer, host: Runs): Promise<Ruleset | undefined> {
  // Both must run in the same namespace, so one constant shell holds it.
  const script = `nft --file - && ${list.join(' ')}`
  const { exitCode, stdout } = await host.run(['unshare', '--net', '--', 'sh', '-c', script], {
    input: text.toString(),
  })
  return exitCode === 0 ? parse(stdout) : undefined
}

/** The tables of a text by its own words, for want of better. */
function tablesNamedIn(text: Buffer): string[] {
  const statement = /^\s*(?:add\s+|create\s+)?table\s+(?:(ip|ip6|inet|arp|bridge|netdev)\s+)?([\w.-]+)/gm
  return [...text.toString().matchAll(statement)].map(([, family = 'ip', name]) => `${family} ${name}`)
}

/** Which tables of `wanted` the kernel has otherwise, or not at all. What daemons and rules add to a set is theirs. */
function differingTables(wanted: Ruleset, kernel: Ruleset): string[] {
  return [...wanted].flatMap(([name, { items, elements }]) => {
    const there = kernel.get(name)
    const hasAll = there && elements.every((element) => there.elements.includes(element))
    return hasAll && there.items.join('\n') === items.join('\n') ? [] : [name]
  })
}

function parse(json: string): Ruleset {
  const ruleset: Ruleset = new Map()
  for (const object of Listing.parse(JSON.parse(json)).nftables)
    for (const [kind, item] of Object.entries(object)) {
      const name = `${item.family} ${kind === 'table' ? item.name : item.table}`
      const table = ruleset.get(name) ?? { items: [], elements: [] }
      if (kind !== 'metainfo') ruleset.set(name, add(table, kind, item))
    }
  return ruleset
}

// Handles and counts are the kernel's own, and an element with a timeout is not there for long.
function add(table: Table, kind: string, item: z.infer<typeof Item>): Table {
  const { handle: _handle, packets: _packets, bytes: _bytes, used: _used, elem, ...rest } = item
  const lasting = Array.isArray(elem) && rest.timeout === undefined && !String(rest.flags).includes('timeout')
  const elements = lasting ? elem.map((one) => JSON.stringify([item.name, one])) : []
  return { items: [...table.items, JSON.stringify([kind, rest])], elements: [...table.elements, ...elements] }
}
