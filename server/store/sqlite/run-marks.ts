import type { Database } from 'better-sqlite3'
import type { ResourceEvent, Run } from '../../../protocol/events.ts'

/** What a run is found and counted by. To be called in the transaction that stores it, after its events. */
export type MarkRun = (seq: number | bigint, run: Run, events: ResourceEvent[]) => void

/** The run's row in `run_words`, of `:finishedAt` and `:seq`. */
export const placeInWords = '((:finishedAt << 20) | (:seq & 1048575))'

export function createMarkRun(database: Database): MarkRun {
  const name = database.prepare('insert or ignore into resources (name) values (?)')
  const mention = database.prepare(
    'insert or ignore into mentions select id, :finishedAt, :seq from resources where name = :name',
  )
  const words = createRunWords(database)
  const count = database.prepare(
    `insert into activity select finished_at / 3600000 * 3600000, nodes.cluster, mode, outcome, 1, drift > 0
     from runs join nodes on nodes.id = runs.node where seq = :seq
     on conflict do update set runs = runs + 1, drifted = drifted + excluded.drifted`,
  )
  return (seq, { finishedAt }, events) => {
    count.run({ seq })
    for (const { id } of events) {
      name.run(id)
      mention.run({ finishedAt, seq, name: id })
    }
    words(seq)
  }
}

/** Lets a run be found by the words of what is told of it; where only how it ended is told, there are none. */
export function createRunWords(database: Database) {
  const insert = database.prepare<[number | bigint]>(
    `insert into run_words (rowid, words)
     select (finished_at << 20) | (seq & 1048575),
       concat_ws(' ', 'node' || replace(runs.node, '-', ''), 'mode' || mode, 'outcome' || replace(runs.outcome, '-', ''), 'trigger' || trigger,
         nodes.name, runs.error, runs.reboot,
         (select substr(group_concat(atom, ' '), 1, 65536) from events, json_tree(event) where run = runs.seq and type = 'text'))
     from runs join nodes on nodes.id = runs.node
     where seq = ? and (runs.error is not null or runs.reboot is not null or exists (select 1 from events where run = runs.seq))`,
  )
  return (seq: number | bigint) => void insert.run(seq)
}
