import type { Database } from 'better-sqlite3'
import type { Activity } from '../../../protocol/history.ts'
import type { ActivityFilter, HistoryStore } from '../store.ts'
import { createTimeline } from './timeline.ts'

export function createHistory(database: Database): HistoryStore {
  return { readActivity: activityReader(database), ...createTimeline(database) }
}

/** Of one node by its runs, of more by what was counted as runs came. */
function activityReader(database: Database): HistoryStore['readActivity'] {
  const range = '>= :from and (:to is null or {at} < :to) and (:mode is null or mode = :mode)'
  const counted = database.prepare<Bound, Activity>(
    `select hour, outcome, sum(runs) as runs, sum(drifted) as drifted from activity
     where hour ${range.replace('{at}', 'hour')}
       and (:clusters is null or cluster in (select value from json_each(:clusters)))
     group by hour, outcome order by hour, outcome`,
  )
  const ofNode = database.prepare<Bound, Activity>(
    `select finished_at / 3600000 * 3600000 as hour, outcome, count(*) as runs, sum(drift > 0) as drifted from runs
     where node = :node and finished_at ${range.replace('{at}', 'finished_at')}
     group by 1, 2 order by 1, 2`,
  )
  return async ({ clusters, node = null, to = null, mode = null, from }) => {
    const bound = { from, to, mode, node, clusters: clusters ? JSON.stringify(clusters) : null }
    return (node === null ? counted : ofNode).all(bound)
  }
}

type Bound = Pick<ActivityFilter, 'from'> & Record<'to' | 'mode' | 'node' | 'clusters', string | number | null>
