import type { Database } from 'better-sqlite3'
import type { AttributePlace, DesiredStore, SetValue } from '../store.ts'
import { fromJson } from './json.ts'
import type { DesiredParts } from './nodes.ts'

type Attributes = Pick<DesiredStore, 'setAttribute' | 'unsetAttribute' | 'readAttributes'>

export function createAttributes(parts: DesiredParts): Attributes {
  return { readAttributes: reader(parts.database), ...writers(parts) }
}

function reader(database: Database): Attributes['readAttributes'] {
  const all = database.prepare<[string, string], { key: string; value: string; author: string; at: number }>(
    'select key, value, author, at from attributes where scope = ? and subject = ? order by key',
  )
  return async (scope, subject) => {
    const rows = all.all(scope, subject)
    return Object.fromEntries(
      rows.map(({ key, value, ...who }): [string, SetValue] => [key, { value: fromJson<unknown>(value), ...who }]),
    )
  }
}

function writers({ database, write, audit, written }: DesiredParts): Omit<Attributes, 'readAttributes'> {
  const upsert = database.prepare(
    `insert into attributes (scope, subject, key, value, author, at) values (?, ?, ?, ?, ?, ?)
     on conflict do update set value = excluded.value, author = excluded.author, at = excluded.at`,
  )
  const remove = database.prepare('delete from attributes where scope = ? and subject = ? and key = ?')
  const at = places(database)
  return {
    setAttribute: (place, value, by, ifRevision) =>
      write(() => {
        written.requireRevision(place, ifRevision)
        const before = at.current(place)
        upsert.run(place.scope, place.subject, place.key, JSON.stringify(value), by.author, by.at)
        written.bump(place)
        audit(by, { action: 'set-attribute', ...at.told(place), before, after: value })
      }),
    unsetAttribute: (place, by, ifRevision) =>
      write(() => {
        written.requireRevision(place, ifRevision)
        const before = at.current(place)
        if (before === undefined) return false
        remove.run(place.scope, place.subject, place.key)
        written.bump(place)
        audit(by, { action: 'unset-attribute', ...at.told(place), before })
        return true
      }),
  }
}

function places(database: Database) {
  const select = database.prepare<[string, string, string], { value: string }>(
    'select value from attributes where scope = ? and subject = ? and key = ?',
  )
  const node = database.prepare<[string], { name: string; cluster: string }>(
    'select name, cluster from nodes where id = ?',
  )
  return {
    current({ scope, subject, key }: AttributePlace) {
      const row = select.get(scope, subject, key)
      return row && fromJson<unknown>(row.value)
    },
    /** What the audit calls the place, and of which cluster it is. */
    told({ scope, subject, key }: AttributePlace) {
      const { name, cluster } = (scope === 'node' ? node.get(subject) : undefined) ?? {
        name: subject,
        cluster: subject,
      }
      return { subject: `${scope} ${name}: ${key}`, cluster }
    },
  }
}
