import type { Database } from 'better-sqlite3'
import type { ResourceId } from '../../../protocol/catalog.ts'
import type { RunOutcome } from '../../../protocol/events.ts'
import type { ObservedStore, Standing } from '../store.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'
import { createRunReader, createRunWriter, listFromJson } from './runs.ts'
import type { FinishTargets } from './targets.ts'

interface ObservedParts {
  database: Database
  write: Write
  finishTargets: FinishTargets
}

export function createObserved(parts: ObservedParts): ObservedStore {
  const { database } = parts
  return {
    ...said(parts),
    ...createRunReader(database),
    storeReport: reports(parts),
    readStandings: standings(database),
  }
}

function said({ database, write }: ObservedParts): Pick<ObservedStore, 'keepFacts' | 'factsDigest' | 'markSeen'> {
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
    markSeen: (nodeId, at) => write(() => void seen.run(nodeId, at)),
  }
}

function reports({ database, write, finishTargets }: ObservedParts): ObservedStore['storeReport'] {
  const known = database.prepare<[string], { node: string }>('select node from runs where id = ?')
  const insert = createRunWriter(database)
  // Reports from a spool may come late: an older run is history, but not how the node stands.
  const stand = database.prepare(
    `insert into standings (node, last_run, owed) values (:node, :run, :owed)
     on conflict do update set last_run = excluded.last_run, owed = excluded.owed
     where last_run is null or :finishedAt >= (select finished_at from runs where seq = last_run)`,
  )
  return (nodeId, { run, events }, receivedAt) =>
    write(() => {
      const before = known.get(run.id)
      if (before && before.node !== nodeId) throw new Error(`Run ${run.id} is another node's.`)
      if (before) return []
      const seq = insert(nodeId, run, events, receivedAt)
      const owed = JSON.stringify(run.owed)
      if (run.mode === 'converge') stand.run({ node: nodeId, run: seq, owed, finishedAt: run.finishedAt })
      return finishTargets(nodeId, run, receivedAt)
    })
}

function standings(database: Database): ObservedStore['readStandings'] {
  const select = database.prepare<
    [],
    {
      node: string
      seen_at: number | null
      owed: string | null
      reboot: string | null
      id: string | null
      outcome: RunOutcome
      finished_at: number
      catalog: Buffer | null
      waits: string | null
    }
  >(
    `select standings.*, runs.id, runs.outcome, runs.finished_at, runs.catalog, runs.waits, runs.reboot
     from standings left join runs on runs.seq = standings.last_run`,
  )
  return async () =>
    new Map(
      select.all().map(({ node, id, ...row }): [string, Standing] => {
        const lastRun = id === null ? null : { id, outcome: row.outcome, finishedAt: row.finished_at }
        const waits = row.waits === null ? {} : fromJson<Record<ResourceId, string>>(row.waits)
        const catalog = row.catalog?.toString('hex') ?? null
        // Asked for, and not come back from: the run after the boot is another.
        const owed = [...listFromJson(row.owed), ...(row.reboot === null ? [] : ['reboot'])]
        return [node, { seenAt: row.seen_at, lastRun, owed, catalog, waits }]
      }),
    )
}
