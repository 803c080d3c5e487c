import type { Database } from 'better-sqlite3'

/** What one asks for in one turn: things that are there. */
export interface Names {
  node: string
  other: string
  run: string
  otherRun: string
  /** When the run ended. */
  finished: number
  resource: string
  words: string
}

/** What is asked of the API, and the plain query of the same rows. */
export interface Question {
  name: string
  path: (names: Names) => string
  sql: string
  bind?: (names: Names) => (string | number)[]
  /** The limit of the 95th percentile, in ms; 300 if not said. */
  limitMs?: number
}

const words = ['address', 'no space left', 'unable to fetch', 'pool', 'buffer 1*', 'converge mode', 'listen port']

/** Other names each time. */
export function namesIn(database: Database): (n: number) => Names {
  const all = <Row>(sql: string) => database.prepare<[], Row>(sql).all()
  const nodes = all<{ name: string }>('select name from nodes order by key limit 500')
  const runs = all<{ id: string; finished: number }>(
    'select id, finished_at as finished from runs where changed > 0 order by id limit 500',
  )
  const resources = all<{ resource: string }>('select distinct resource from events where position = 0 limit 500')
  return (n) => {
    const [run, otherRun] = [nth(runs, n), nth(runs, n + 1)]
    return {
      node: nth(nodes, n).name,
      other: nth(nodes, n + 1).name,
      run: run.id,
      otherRun: otherRun.id,
      finished: run.finished,
      resource: nth(resources, n).resource,
      words: nth(words, n),
    }
  }
}

function nth<Item>(items: readonly Item[], n: number) {
  const item = items[(n * 37) % items.length]
  if (item === undefined) throw new Error('there is nothing to ask for')
  return item
}

const runs = 'select runs.*, nodes.name from runs join nodes on nodes.id = runs.node'
const newest = 'order by finished_at desc limit 50'
const ofNode = `${runs} where runs.node = (select id from nodes where name = ?)`
const standing = `select nodes.name, cluster, facts ->> 'address', runs.outcome, runs.finished_at from nodes
  left join facts on facts.node = nodes.id left join standings on standings.node = nodes.id
  left join runs on runs.seq = standings.last_run`
const twoHours = 7_200_000

/** A list of 50 runs. */
function list(name: string, query: (names: Names) => string, sql: string, bind?: Question['bind']): Question {
  return { name: `runs: ${name}`, path: (names) => `/api/runs?limit=50${query(names)}`, sql, ...(bind && { bind }) }
}

/** The `next` of a page of runs that ended with this one. */
function nextAfter(run: string) {
  return Buffer.from(JSON.stringify(['-finishedAt', run])).toString('base64url')
}

export const questions: Question[] = [
  {
    name: 'fleet page',
    path: () => '/api/fleet',
    sql: `select outcome, count(*) from (${standing}) group by outcome`,
    limitMs: 100,
  },
  { name: 'nodes: a page', path: () => '/api/nodes?limit=1000', sql: `${standing} order by name limit 1000` },
  {
    name: 'nodes: of a cluster',
    path: () => '/api/nodes?cluster=stage&limit=1000',
    sql: `${standing} where cluster = 'stage' order by name limit 1000`,
  },
  {
    name: 'node',
    path: ({ node }) => `/api/nodes/${node}`,
    sql: `${standing} where name = ?`,
    bind: ({ node }) => [node],
  },
  {
    name: 'node: timeline',
    path: ({ node }) => `/api/nodes/${node}/timeline`,
    sql: `${ofNode} ${newest}`,
    bind: ({ node }) => [node],
  },
  list('newest', () => '', `${runs} ${newest}`),
  list(
    'a page anywhere',
    ({ run }) => `&after=${nextAfter(run)}`,
    `${runs} where finished_at < ? ${newest}`,
    ({ finished }) => [finished],
  ),
  list(
    'of a node',
    ({ node }) => `&node=${node}`,
    `${ofNode} ${newest}`,
    ({ node }) => [node],
  ),
  list(
    'of a role that three nodes have',
    () => '&role=site-rare',
    `${runs} where runs.node in (select node from assignments where role = 'site-rare') ${newest}`,
  ),
  list(
    'of a small cluster, failed',
    () => '&cluster=lab&outcome=failed',
    `${runs} where outcome = 'failed' and outcome <> 'unchanged' and cluster = 'lab' ${newest}`,
  ),
  list('failed', () => '&outcome=failed', `${runs} where outcome = 'failed' and outcome <> 'unchanged' ${newest}`),
  list(
    'drift found at boot',
    () => '&drift=true&trigger=boot',
    `${runs} where trigger = 'boot' and trigger <> 'schedule' and drift > 0 ${newest}`,
  ),
  list(
    'of two hours',
    ({ finished }) => `&from=${finished}&to=${finished + twoHours}`,
    `${runs} where finished_at between ? and ? ${newest}`,
    ({ finished }) => [finished, finished + twoHours],
  ),
  list(
    'of a resource',
    ({ resource }) => `&resource=${encodeURIComponent(resource)}`,
    `${runs} where seq in (select run from mentions where resource = (select id from resources where name = ?)) ${newest}`,
    ({ resource }) => [resource],
  ),
  list(
    'by words',
    (names) => `&text=${encodeURIComponent(names.words)}`,
    `${runs} where changed > 0 and finished_at < ? ${newest}`,
    ({ finished }) => [finished],
  ),
  list(
    'by words, of a node',
    ({ node }) => `&text=site&node=${node}`,
    `${ofNode} and changed > 0 ${newest}`,
    ({ node }) => [node],
  ),
  list(
    'of an order',
    () => '&order=order-0095',
    `${runs} where runs.id in (select run from targets where order_id = 'order-0095') ${newest}`,
  ),
  {
    name: 'run with its events',
    path: ({ run }) => `/api/runs/${run}`,
    sql: 'select event from events join runs on seq = run where id = ?',
    bind: ({ run }) => [run],
  },
  {
    name: 'runs by hour and outcome',
    path: () => '/api/runs/activity',
    sql: 'select hour, outcome, sum(runs) from activity group by hour, outcome',
  },
  {
    name: 'two runs compared',
    path: ({ run, otherRun }) => `/api/runs/${run}/compare?with=${otherRun}`,
    sql: 'select event from events join runs on seq = run where id in (?, ?)',
    bind: ({ run, otherRun }) => [run, otherRun],
  },
  {
    name: 'two nodes compared',
    path: ({ node, other }) => `/api/nodes/${node}/compare?with=${other}`,
    sql: `${standing} where name in (?, ?)`,
    bind: ({ node, other }) => [node, other],
  },
  {
    name: 'orders',
    path: () => '/api/orders',
    sql: 'select targets.* from orders join targets on order_id = orders.id order by created_at desc limit 2000',
  },
  { name: 'audit', path: () => '/api/audit?limit=50', sql: 'select * from audit order by id desc limit 50' },
]
