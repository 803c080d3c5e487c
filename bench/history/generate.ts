import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandError } from '../../cli/command.ts'
import { openDataDir } from '../../server/data-dir.ts'
import { openSqliteStore } from '../../server/store/sqlite.ts'
import type { Store } from '../../server/store/store.ts'
import { type Made, makeNodes } from './nodes.ts'
import { oneOf, type Random, randomOf } from './random.ts'
import { reportAt, unchangedAt } from './runs.ts'

const hourMs = 3600 * 1000

interface History {
  nodes: number
  runs: number
  /** When the newest run ended. */
  until: number
  /** Between two runs of one node. */
  intervalMs: number
}

export const usual: Omit<History, 'until'> = { nodes: 10_000, runs: 1_000_000, intervalMs: 2 * hourMs }
/** Every so many rounds all nodes of a part of the fleet are ordered to converge. */
const roundsOfOrder = 5
const batch = 2000

/** Fills a new data directory through the store, so that what lies there is what a server would have written. */
export async function generate(data: string, history: History, note: (text: string) => void, signal: AbortSignal) {
  const store = await openSqliteStore(await openDataDir(data))
  const random = randomOf(1)
  try {
    const nodes = await makeNodes(store, history.nodes, random)
    note(`${nodes.length} nodes`)
    await makeRuns(store, nodes, { ...history, note, signal }, random)
  } finally {
    await store.close()
  }
}

interface Making extends History {
  note: (text: string) => void
  signal: AbortSignal
}

async function makeRuns(store: Store, nodes: Made[], making: Making, random: Random) {
  const { runs, until, intervalMs, note, signal } = making
  const rounds = Math.ceil(runs / nodes.length)
  for (let round = 0, made = 0; round < rounds; round++) {
    const from = until - (rounds - round) * intervalMs
    const orders = round % roundsOfOrder === 0 ? [await makeOrder(store, nodes, round, from)] : []
    for (let first = 0; first < nodes.length && made < runs; first += batch) {
      if (signal.aborted) throw new CommandError('interrupted')
      const some = nodes.slice(first, first + Math.min(batch, runs - made))
      await Promise.all(
        some.map(async ({ id }, index) => {
          const finishedAt = from + Math.floor(((first + index) / nodes.length) * intervalMs)
          await store.storeReport(id, reportAt(finishedAt, random, ordersOf(first + index, orders)), finishedAt + 40)
        }),
      )
      made += some.length
    }
    if (round % 10 === 9) note(`${made} runs`)
  }
}

/** One of a hundred nodes. */
function isOrdered(index: number) {
  return index % 100 === 0
}

function ordersOf(index: number, orders: string[]) {
  return isOrdered(index) ? orders : []
}

async function makeOrder(store: Store, nodes: Made[], round: number, createdAt: number) {
  const id = `order-${String(round).padStart(4, '0')}`
  const targets = nodes
    .filter((_, index) => isOrdered(index))
    .map(({ id: node }) => ({ node, state: 'waiting' as const }))
  const order = { id, mode: 'converge' as const, author: 'generator', createdAt, deadline: createdAt + hourMs }
  await store.createOrder(order, targets, { author: order.author, at: createdAt })
  return id
}

/** What a run in which nothing changed adds to the file, all indices with it: the mean of many. */
export async function unchangedRunBytes(count = 20_000) {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-history-'))
  const path = join(folder, 'trivet.db')
  const random = randomOf(2)
  const grown = async (work: (store: Store) => Promise<unknown>) => {
    const store = await openSqliteStore(path)
    await work(store)
    await store.close()
    return statSync(path).size
  }
  try {
    const made: Made[] = []
    const before = await grown(async (store) => made.push(...(await makeNodes(store, 100, random))))
    const after = await grown((store) =>
      Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const node = oneOf(made, random)
          await store.storeReport(node.id, unchangedAt(index * 1000, random), index * 1000 + 40)
        }),
      ),
    )
    return (after - before) / count
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
