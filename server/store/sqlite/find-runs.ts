import type { Database } from 'better-sqlite3'
import type { ObservedStore, RunFilter } from '../store.ts'
import { placeInWords } from './run-marks.ts'
import { runColumns, type RunRow, storedRunOf } from './runs.ts'

/** Up to so many nodes each is asked for its newest runs; of more, the list of all is walked until enough are theirs. */
const fewNodes = 200
/** So many may be named in a search for words. */
const nameableNodes = 50

/** What the statement is bound to: the filter, with what was looked up for it. */
type Bound = Omit<RunFilter, 'drift' | 'clusters'> & {
  clusters?: string
  /** Their ids as JSON, where they are few. */
  nodes?: string
  words?: string
  /** The last run of the page before. */
  finishedAt?: number
  seq?: number
}

export function createRunFinder(database: Database): ObservedStore['findRuns'] {
  const place = database.prepare<[string], { finishedAt: number; seq: number }>(
    'select finished_at as finishedAt, seq from runs where id = ?',
  )
  return async ({ clusters, drift, ...filter }) => {
    const last = filter.after === undefined ? {} : place.get(filter.after)
    if (!last) return []
    const bound: Bound = { ...filter, ...last, ...inThese(clusters) }
    const whose = whoseOf(bound)
    const some = whose === undefined ? undefined : fewOf(database, whose, bound)
    if (some?.length === 0) return []
    if (some) bound.nodes = JSON.stringify(some)
    if (filter.text !== undefined) bound.words = wordsOf(bound, some)
    const sql = statement({ ...bound, drift }, whose, some)
    return database.prepare<Bound, RunRow>(sql).all(bound).map(storedRunOf)
  }
}

function inThese(clusters: RunFilter['clusters'] = 'all') {
  return clusters === 'all' ? {} : { clusters: JSON.stringify(clusters) }
}

/** Which nodes' runs are meant, as a condition on `nodes`; nothing where it is those of all. */
function whoseOf({ node, role, cluster, clusters }: Bound) {
  const wanted = [
    node !== undefined && 'name = :node',
    role !== undefined && 'id in (select node from assignments where role = :role)',
    cluster !== undefined && 'cluster = :cluster',
    clusters !== undefined && 'cluster in (select value from json_each(:clusters))',
  ].filter((condition) => condition !== false)
  return wanted.length > 0 ? all(wanted) : undefined
}

function fewOf(database: Database, whose: string, bound: Bound) {
  const select = database.prepare<Bound, { id: string }>(`select id from nodes where ${whose} limit ${fewNodes + 1}`)
  const ids = select.all(bound).map(({ id }) => id)
  return ids.length > fewNodes ? undefined : ids
}

type Asked = Bound & Pick<RunFilter, 'drift'>

function statement(asked: Asked, whose: string | undefined, some: string[] | undefined) {
  const theirs = whose === undefined ? [] : [`+runs.node in (select id from nodes where ${whose})`]
  if (asked.text !== undefined) return byWords(asked, some && some.length <= nameableNodes ? [] : theirs)
  if (some && some.length > 1) return byNodes(asked)
  const ofOne = some ? ["runs.node = (:nodes ->> '$[0]')"] : theirs
  if (asked.resource !== undefined && !some) return byResource(asked, theirs)
  return `select ${runColumns} where ${all([...ofOne, ...conditions(asked)])} ${newest('runs')} limit :limit`
}

/** Words are found in the order of the list, so that as many are looked at as are asked for. */
function byWords(asked: Asked, more: string[]) {
  const { after, from, to } = asked
  const range = [
    after !== undefined && `run_words.rowid < ${placeInWords}`,
    from !== undefined && 'run_words.rowid >= (:from << 20)',
    to !== undefined && 'run_words.rowid < (:to << 20)',
  ].filter((condition) => condition !== false)
  return `select runs.*, nodes.name from run_words
    cross join runs on runs.finished_at = run_words.rowid >> 20 and (runs.seq & 1048575) = (run_words.rowid & 1048575)
    join nodes on nodes.id = runs.node
    where ${all(['run_words match :words', ...range, ...more, ...conditions({ ...asked, after: undefined })])}
    order by run_words.rowid desc limit :limit`
}

function byNodes(asked: Asked) {
  return `select runs.*, nodes.name from json_each(:nodes) as whose
    cross join runs on runs.seq in (
      select own.seq from runs as own where ${all(['own.node = whose.value', ...conditions(asked, 'own')])} ${newest('own')} limit :limit)
    join nodes on nodes.id = runs.node ${newest('runs')} limit :limit`
}

function byResource(asked: Asked, theirs: string[]) {
  const { after } = asked
  const page = after === undefined ? [] : ['(mentions.finished_at, mentions.run) < (:finishedAt, :seq)']
  const range = conditions({ ...asked, resource: undefined, after: undefined })
  const times = conditions({ from: asked.from, to: asked.to, limit: 0 }, 'mentions')
  return `select runs.*, nodes.name from mentions
    cross join runs on runs.seq = mentions.run join nodes on nodes.id = runs.node
    where ${all(['mentions.resource = (select id from resources where name = :resource)', ...page, ...times, ...theirs, ...range])}
    order by mentions.finished_at desc, mentions.run desc limit :limit`
}

function newest(table: string) {
  return `order by ${table}.finished_at desc, ${table}.seq desc`
}

function all(wanted: string[]) {
  return wanted.length > 0 ? wanted.join(' and ') : 'true'
}

/** What a run itself must be. What an index leaves out is said again, so that SQLite may use it. */
function conditions(asked: Asked, runs = 'runs') {
  const { outcome, trigger, mode, drift, resource, order, from, to, after } = asked
  return [
    outcome !== undefined && `${runs}.outcome = :outcome`,
    outcome !== undefined && outcome !== 'unchanged' && `${runs}.outcome <> 'unchanged'`,
    trigger !== undefined && `${runs}.trigger = :trigger`,
    trigger !== undefined && trigger !== 'schedule' && `${runs}.trigger <> 'schedule'`,
    mode !== undefined && `${runs}.mode = '${mode}'`,
    drift === true && `${runs}.drift > 0`,
    resource !== undefined &&
      `exists (select 1 from mentions where resource = (select id from resources where name = :resource)
         and mentions.finished_at = ${runs}.finished_at and mentions.run = ${runs}.seq)`,
    order !== undefined && `${runs}.id in (select run from targets where order_id = :order)`,
    from !== undefined && `${runs}.finished_at >= :from`,
    to !== undefined && `${runs}.finished_at < :to`,
    after !== undefined && `(${runs}.finished_at, ${runs}.seq) < (:finishedAt, :seq)`,
  ].filter((condition) => condition !== false)
}

/** A query of FTS5 for all words of the text, each whole or with `*` begun, with what else is among a run's words. */
function wordsOf({ text = '', resource = '', mode, outcome, trigger }: Bound, some: string[] | undefined) {
  const words = [...text.matchAll(/([\p{L}\p{N}]+)(\*?)/gu)].map(([, word, begun]) => `"${word}"${begun}`)
  const ofResource = [...resource.matchAll(/[\p{L}\p{N}]+/gu)].map(([word]) => `"${word}"`)
  const told = [
    mode && `mode${mode}`,
    outcome && `outcome${outcome.replaceAll('-', '')}`,
    trigger && `trigger${trigger}`,
  ].filter((word) => word !== undefined)
  const nodes = (some ?? []).map((id) => `node${id.replaceAll('-', '')}`)
  const ofNodes = nodes.length > 0 && nodes.length <= nameableNodes ? [`(${nodes.join(' OR ')})`] : []
  return [...words, ...ofResource, ...told, ...ofNodes].join(' AND ')
}
