import type { Database } from 'better-sqlite3'
import type { RevisionSummary } from '../../../protocol/revision.ts'
import type { PlacedRevision, RevisionContent, RevisionFilter, RevisionStore } from '../revisions.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'

interface Row {
  seq: number
  id: string
  at: number
  changes: string
}

const columns = 'seq, id, at, changes'

export function createRevisionStore(database: Database, write: Write): RevisionStore {
  return { ...keeping(database, write), ...finding(database) }
}

type Keeping = 'keepRevision' | 'lastRevisions'

function keeping(database: Database, write: Write): Pick<RevisionStore, Keeping> {
  const newest = database.prepare<[], { id: string }>('select id from revisions order by seq desc limit 1')
  const insert = database.prepare(
    'insert into revisions (id, at, changes, content) values (:id, :at, :changes, :content)',
  )
  const empty = database.prepare(
    `update revisions set content = null
     where content is not null and seq not in (select seq from revisions order by seq desc limit 2)`,
  )
  const last = database.prepare<[], { id: string; at: number; content: string }>(
    'select id, at, content from revisions where content is not null order by seq desc',
  )
  return {
    keepRevision: ({ id, at, ...changes }, content) =>
      write(() => {
        if (newest.get()?.id === id) return
        insert.run({ id, at, changes: JSON.stringify(changes), content: JSON.stringify(content) })
        empty.run()
      }),
    lastRevisions: async () =>
      last.all().map(({ id, at, content }) => ({ id, at, content: fromJson<RevisionContent>(content) })),
  }
}

function finding(database: Database): Pick<RevisionStore, 'findRevisions' | 'readRevisions'> {
  const beginning = database.prepare<{ from: string; to: string }, Row>(
    `select ${columns} from revisions where seq in
       (select max(seq) from revisions where id >= :from and id < :to group by id order by max(seq) desc limit 2)
     order by seq desc`,
  )
  return {
    findRevisions: async (filter) => database.prepare<RevisionFilter, Row>(query(filter)).all(filter).map(revisionOf),
    // `g` comes after all hex digits.
    readRevisions: async (begin) => beginning.all({ from: begin, to: `${begin}g` }).map(revisionOf),
  }
}

function revisionOf({ seq, id, at, changes }: Row): PlacedRevision {
  return { seq, id, at, ...fromJson<Omit<RevisionSummary, 'id' | 'at'>>(changes) }
}

function touched(what: 'roles' | 'recipes', value: string) {
  return `exists (select 1 from json_each(changes, '$.${what}') where value = ${value})`
}

function query({ role, recipe, from, to, sort = '-at', after }: RevisionFilter) {
  const where = [
    role !== undefined && touched('roles', ':role'),
    recipe !== undefined && touched('recipes', ':recipe'),
    from !== undefined && 'at >= :from',
    to !== undefined && 'at < :to',
    after !== undefined && `seq ${sort === 'at' ? '>' : '<'} :after`,
  ].filter((condition) => condition !== false)
  return `select ${columns} from revisions ${where.length > 0 ? `where ${where.join(' and ')}` : ''}
          order by seq ${sort === 'at' ? 'asc' : 'desc'} limit :limit`
}
