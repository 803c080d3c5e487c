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
  const words = database.prepare(
    `insert into run_words (rowid, words)
     select ${placeInWords},
       concat_ws(' ', 'node' || replace(runs.node, '-', ''), 'mode' || mode, 'outcome' || replace(runs.outcome, '-', ''), 'trigger' || trigger,
         nodes.name, runs.error, runs.reboot,
         (select substr(group_concat(atom, ' '), 1, 65536) from events, json_tree(event) where run = :seq and type = 'text'))
     from runs join nodes on nodes.id = runs.node where seq = :seq`,
  )
  const count = database.prepare(
    `insert into activity select finished_at / 3600000 * 3600000, nodes.cluster, mode, outcome, 1, drift > 0
     from runs join nodes on nodes.id = runs.node where seq = :seq
     on conflict do update set runs = runs + 1, drifted = drifted + excluded.drifted`,
  )
  return (seq, { finishedAt, error, reboot }, events) => {
    count.run({ seq })
    for (const { id } of events) {
      name.run(id)
      mention.run({ finishedAt, seq, name: id })
    }
    if (events.length > 0 || error !== undefined || reboot !== undefined) words.run({ finishedAt, seq })
  }
}
