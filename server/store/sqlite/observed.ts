import type { Database } from 'better-sqlite3'
import type { ResourceId } from '../../../protocol/catalog.ts'
import type { RunOutcome } from '../../../protocol/events.ts'
import type { ObservedStore, Standing } from '../store.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'
import { createRunFinder } from './find-runs.ts'
import { createRunReader, createRunWriter, listFromJson } from './runs.ts'
import type { FinishTargets } from './targets.ts'

interface ObservedParts {
  database: Database
  write: Write
  finishTargets: FinishTargets
}

export function createObserved(parts: ObservedParts): ObservedStore {
  const { database } = parts
  const standings = createStandings(database)
  return {
    ...said(parts, standings),
    ...createRunReader(database),
    findRuns: createRunFinder(database),
    storeReport: reports(parts, standings),
    readStandings: standings.read,
  }
}

function said(
  { database, write }: ObservedParts,
  standings: Standings,
): Pick<ObservedStore, 'keepFacts' | 'factsDigest' | 'markSeen'> {
  const upsert = database.prepare(
    `insert into facts (node, digest, facts, at) values (?, ?, ?, ?)
     on conflict do update set digest = excluded.digest, facts = excluded.facts, at = excluded.at`,
  )
  const digest = database.prepare<[string], { digest: string }>('select digest from facts where node = ?')
  const seen = database.prepare(
    'insert into standings (node, seen_at) values (?, ?) on conflict do update set seen_at = excluded.seen_at',
  )
  return {
    keepFacts: (nodeId, of, facts, at) => write(() => void upsert.run(nodeId, of, JSON.stringify(facts), at)),
    factsDigest: async (nodeId) => digest.get(nodeId)?.digest,
    async markSeen(nodeId, at) {
      await write(() => void seen.run(nodeId, at))
      standings.lookAgain(nodeId)
    },
  }
}

function reports(
  { database, write, finishTargets }: ObservedParts,
  standings: Standings,
): ObservedStore['storeReport'] {
  const known = database.prepare<[string], { node: string }>('select node from runs where id = ?')
  const insert = createRunWriter(database)
  // Reports from a spool may come late: an older run is history, but not how the node stands.
  const stand = database.prepare(
    `insert into standings (node, last_run, owed) values (:node, :run, :owed)
     on conflict do update set last_run = excluded.last_run, owed = excluded.owed
     where last_run is null or :finishedAt >= (select finished_at from runs where seq = last_run)`,
  )
  return async (nodeId, { run, events }, receivedAt) => {
    const turns = await write(() => {
      const before = known.get(run.id)
      if (before && before.node !== nodeId) throw new Error(`Run ${run.id} is another node's.`)
      if (before) return undefined
      const seq = insert(nodeId, run, events, receivedAt)
      const owed = JSON.stringify(run.owed)
      if (run.mode === 'converge') stand.run({ node: nodeId, run: seq, owed, finishedAt: run.finishedAt })
      return finishTargets(nodeId, run, receivedAt)
    })
    standings.lookAgain(nodeId)
    return turns
  }
}

interface StandingRow {
  node: string
  seen_at: number | null
  owed: string | null
  reboot: string | null
  id: string | null
  outcome: RunOutcome
  finished_at: number
  drift: number
  catalog: Buffer | null
  waits: string | null
}

/** Kept in memory, since every list of nodes asks for all of them; no other process writes to this file. */
function createStandings(database: Database) {
  const columns = `standings.*, runs.id, runs.outcome, runs.finished_at, runs.drift, runs.catalog, runs.waits, runs.reboot
    from standings left join runs on runs.seq = standings.last_run`
  const all = database.prepare<[], StandingRow>(`select ${columns}`)
  const one = database.prepare<[string], StandingRow>(`select ${columns} where standings.node = ?`)
  let known: Map<string, Standing> | undefined
  return {
    read: async () => (known ??= new Map(all.all().map((row) => [row.node, standingOf(row)]))),
    /** To be called when a write about the node is on disk. */
    lookAgain(nodeId: string) {
      const row = known && one.get(nodeId)
      if (row) known?.set(nodeId, standingOf(row))
    },
  }
}
type Standings = ReturnType<typeof createStandings>

function standingOf({ id, outcome, finished_at, drift, ...row }: StandingRow): Standing {
  return {
    seenAt: row.seen_at,
    lastRun: id === null ? null : { id, outcome, finishedAt: finished_at, ...(drift > 0 && { drift }) },
    // Asked for, and not come back from: the run after the boot is another.
    owed: [...listFromJson(row.owed), ...(row.reboot === null ? [] : ['reboot'])],
    catalog: row.catalog?.toString('hex') ?? null,
    waits: row.waits === null ? {} : fromJson<Record<ResourceId, string>>(row.waits),
  }
}
