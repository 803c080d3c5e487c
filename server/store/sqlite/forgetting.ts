import type { Database } from 'better-sqlite3'
import { openStates } from '../../../protocol/views.ts'
import type { Forgettable } from '../retention.ts'
import { createRunWords } from './run-marks.ts'

/** Where one stands by age. */
export interface Place {
  at: number
  key: number | string
}

/** How one kind is walked from its oldest on, and forgotten. */
export interface Forgetting {
  after(place: Place | undefined): Place | undefined
  /** Whether it comes before that one, or is it. */
  isUpTo(place: Place, last: Place): boolean
  /** The newest one but so many. */
  newestBut(count: number): Place | undefined
  /** One that is large shrinks first, a piece at a time. */
  forget(place: Place): 'gone' | 'shrunk' | 'stays'
}

/** So many rows go at a time. */
const piece = 100
const isOpen = `state in (${openStates.map((state) => `'${state}'`).join(', ')}) and targets > 0`

export function forgettings(database: Database): Record<Forgettable, Forgetting> {
  return {
    runs: runs(database),
    events: events(database),
    orders: orders(database),
    revisions: revisions(database),
    deliveries: deliveries(database),
    audit: audit(database),
  }
}

/** Numbered as they come. */
function numbered(database: Database, { next, newest }: { next: string; newest: string }) {
  const after = database.prepare<[number], Place>(next)
  const last = database.prepare<[number], Place>(newest)
  return {
    after: (place: Place | undefined) => after.get(Number(place?.key ?? 0)),
    isUpTo: (place: Place, { key }: Place) => place.key <= key,
    newestBut: (count: number) => last.get(count),
  }
}

/** There is no gap in their numbers above those that went: they need not be counted. */
const newestRun = `select seq as key, received_at as at from runs
  where seq <= (select max(seq) from runs) - ? order by seq desc limit 1`

/** What a run must not be to go, and how its events do. */
function ofRuns(database: Database) {
  const needed = database.prepare<[number, number]>(
    `select 1 from standings where last_run = ? union all
     select 1 from runs, json_each(runs.orders) as answered join order_states on order_id = answered.value
     where seq = ? and ${isOpen} limit 1`,
  )
  const some = database.prepare(
    `delete from events where run = :seq
       and position in (select position from events where run = :seq order by position limit ${piece})`,
  )
  return {
    isNeeded: (seq: number) => needed.get(seq, seq) !== undefined,
    /** Gives whether there may be more of them. */
    forgetEvents: (seq: number) => some.run({ seq }).changes === piece,
  }
}

function runs(database: Database): Forgetting {
  const { isNeeded, forgetEvents } = ofRuns(database)
  const remove = database.prepare<[number]>('delete from runs where seq = ?')
  return {
    ...numbered(database, {
      next: 'select seq as key, received_at as at from runs where seq > ? order by seq limit 1',
      newest: newestRun,
    }),
    forget({ key }) {
      const seq = Number(key)
      if (isNeeded(seq)) return 'stays'
      if (forgetEvents(seq)) return 'shrunk'
      remove.run(seq)
      return 'gone'
    },
  }
}

/** Those of one run count as one. */
function events(database: Database): Forgetting {
  const { isNeeded, forgetEvents } = ofRuns(database)
  const words = createRunWords(database)
  return {
    ...numbered(database, {
      next: `select seq as key, received_at as at from runs
        where seq = (select run from events where run > ? order by run limit 1)`,
      newest: newestRun,
    }),
    forget({ key }) {
      const seq = Number(key)
      if (isNeeded(seq)) return 'stays'
      if (forgetEvents(seq)) return 'shrunk'
      // The words went with the first event; those of the run itself are still to be found.
      words(seq)
      return 'gone'
    },
  }
}

function orders(database: Database): Forgetting {
  const after = database.prepare<Place, Place>(
    `select id as key, created_at as at from orders where (created_at, id) > (:at, :key)
     order by created_at, id limit 1`,
  )
  const newest = database.prepare<[number], Place>(
    'select id as key, created_at as at from orders order by created_at desc, id desc limit 1 offset ?',
  )
  const open = database.prepare(`select 1 from order_states where order_id = ? and ${isOpen}`)
  const states = database.prepare('delete from order_states where order_id = ?')
  const targets = database.prepare(
    `delete from targets where order_id = :id and node in (select node from targets where order_id = :id limit ${piece})`,
  )
  const remove = database.prepare('delete from orders where id = ?')
  return {
    after: (place = { at: -1, key: '' }) => after.get(place),
    isUpTo: ({ at, key }, last) => at < last.at || (at === last.at && key <= last.key),
    newestBut: (count) => newest.get(count),
    forget({ key: id }) {
      if (open.get(id)) return 'stays'
      states.run(id)
      if (targets.run({ id }).changes === piece) return 'shrunk'
      remove.run(id)
      return 'gone'
    },
  }
}

/** The newest two tell what changed last. */
function revisions(database: Database): Forgetting {
  const needed = database.prepare(
    `select 1 from revisions as this join revisions as next
       on next.seq = (select min(seq) from revisions where seq > this.seq)
     where this.seq = ? and (
       exists (select 1 from standings join runs on runs.seq = last_run where started_at >= this.at and started_at < next.at)
       or exists (select 1 from order_states join orders on id = order_id
                  where ${isOpen} and created_at >= this.at and created_at < next.at))`,
  )
  const remove = database.prepare('delete from revisions where seq = ?')
  return {
    ...numbered(database, {
      next: `select seq as key, (select at from revisions as next where next.seq > this.seq order by seq limit 1) as at
        from revisions as this
        where seq > ? and seq < (select seq from revisions order by seq desc limit 1 offset 1) order by seq limit 1`,
      newest: 'select seq as key, at from revisions order by seq desc limit 1 offset ?',
    }),
    forget({ key }) {
      if (needed.get(key)) return 'stays'
      remove.run(key)
      return 'gone'
    },
  }
}

function deliveries(database: Database): Forgetting {
  const remove = database.prepare("delete from deliveries where seq = ? and state <> 'waiting'")
  return {
    ...numbered(database, {
      next: 'select seq as key, created_at as at from deliveries where seq > ? order by seq limit 1',
      // They go with their webhooks too, so that these are counted.
      newest: 'select seq as key, created_at as at from deliveries order by created_at desc, seq desc limit 1 offset ?',
    }),
    forget: ({ key }) => (remove.run(key).changes > 0 ? 'gone' : 'stays'),
  }
}

function audit(database: Database): Forgetting {
  const remove = database.prepare('delete from audit where id = ?')
  // A trigger lets no other row go (008-users.sql).
  const say = database.prepare(
    `insert into meta (key, value) values ('audit-forgotten-to', ?)
     on conflict do update set value = excluded.value where cast(value as integer) < cast(excluded.value as integer)`,
  )
  return {
    ...numbered(database, {
      // The newest stays: its number is not to be given again.
      next: 'select id as key, at from audit where id > ? and id < (select max(id) from audit) order by id limit 1',
      newest: 'select id as key, at from audit where id <= (select max(id) from audit) - ? order by id desc limit 1',
    }),
    forget({ key }) {
      say.run(String(key))
      remove.run(key)
      return 'gone'
    },
  }
}
