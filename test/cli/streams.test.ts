import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import { events, serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { changedFile, countsOf, nodeOf, orderOf, runOf, targetOf } from '../helpers/records.ts'
import { again, reportingAgent } from '../helpers/reporting-agent.ts'
import { serve } from '../helpers/test-server.ts'
import { trivet, Written } from '../helpers/trivet.ts'
import { until } from '../helpers/until.ts'

const now = 7
const counts = countsOf({ changed: 1, unchanged: 3 })
const unchanged: ResourceEvent = { outcome: 'unchanged', id: 'file[/etc/same]', recipe: 'base', durationMs: 1 }
const waiting = [targetOf('web-1'), targetOf('web-2', { state: 'refused', reason: 'it is disabled' })]
const run = runOf({}).id
const started = targetOf('web-1', { state: 'started', run })
const done = targetOf('web-1', { state: 'converged', outcome: 'changed', run, counts })

const Line = z.looseObject({ type: z.string(), run: z.string().nullish() })

function linesOf(stdout: string) {
  return stdout
    .trim()
    .split('\n')
    .map((line) => Line.parse(JSON.parse(line)))
}

/** A server with an order that goes its way, cut once in the middle. */
async function serveOrder(t: TestContext) {
  const { login } = await serveApi(t, {
    'POST /api/orders': orderOf(waiting),
    'GET /api/orders/order1': orderOf(waiting),
    'GET /api/orders/order1/watch': events([
      { type: 'order', order: orderOf(waiting) },
      { type: 'target', target: started },
      { type: 'progress', node: 'web-1', done: 2, total: 4, events: [unchanged, changedFile] },
      { type: 'order', order: orderOf([started, ...waiting.slice(1)]) },
      { type: 'target', target: done },
    ]),
  })
  return { home: await tempDir(t), login, now }
}

const target = {
  type: 'target',
  at: now,
  order: 'order1',
  node: 'web-1',
  reason: null,
  run,
  outcome: null,
  counts: null,
}
const told = [
  { type: 'order', at: now, order: 'order1', mode: 'converge', nodes: 2 },
  { ...target, node: 'web-2', state: 'refused', reason: 'it is disabled', run: null },
  { ...target, state: 'started' },
  {
    type: 'resource',
    at: now,
    node: 'web-1',
    order: 'order1',
    run,
    done: 2,
    total: 4,
    resource: changedFile.id,
    outcome: 'changed',
    event: changedFile,
  },
  { ...target, state: 'converged', outcome: 'changed', counts },
]

test('converge --wait --jsonl and order watch --jsonl tell each state and resource once, then the end', async (t) => {
  const given = await serveOrder(t)
  const end = { type: 'end', at: now, order: 'order1', states: { converged: 1, refused: 1 } }
  const converge = await trivet(['converge', '--all', '--wait', '--jsonl'], { ...given, live: true })
  assert.deepEqual(linesOf(converge.stdout), [...told, { ...end, exitCode: 1 }])
  assert.deepEqual([converge.stderr, converge.exitCode], ['', 1])
  const watch = await trivet(['order', 'watch', 'order1', '--jsonl', '--detailed-exitcodes'], given)
  assert.deepEqual(linesOf(watch.stdout), [...told, { ...end, exitCode: 6 }])
  assert.equal(watch.exitCode, 6)
  const plan = await trivet(['plan', '--all', '--jsonl'], given)
  assert.deepEqual(linesOf(plan.stdout), [...told, { ...end, exitCode: 1 }])
})

test('what a server tells again after the connection was lost is told once', async (t) => {
  const progress = { type: 'progress', node: 'web-1', done: 2, total: 4, events: [changedFile] }
  const answers = [
    events([{ type: 'order', order: orderOf(waiting) }, { type: 'target', target: started }, progress], { cut: true }),
    events([
      { type: 'order', order: orderOf([started, ...waiting.slice(1)]) },
      progress,
      { type: 'target', target: done },
    ]),
  ]
  const { login } = await serveApi(t, {
    'GET /api/orders/order1': orderOf(waiting),
    'GET /api/orders/order1/watch': (response: ServerResponse) => answers.shift()?.(response),
  })
  const watch = await trivet(['order', 'watch', 'order1', '--jsonl'], { home: await tempDir(t), login, now })
  assert.deepEqual(linesOf(watch.stdout).slice(0, -1), told)
})

test('converge --wait --jsonl tells all that a run did, however soon it is over', async (t) => {
  const { served, given } = await serveFleet(t)
  const agent = await reportingAgent(served, 'n1')
  const id = randomUUID()
  const converging = agent.next('order').then(async (order) => {
    begin(agent, id, [order.id])
    return agent.report({ id, orders: [order.id], outcome: 'changed', counts }, [changedFile])
  })
  const { stdout } = await trivet(['converge', 'n1', '--wait', '--jsonl'], given)
  await converging
  const resources = linesOf(stdout).filter(({ type }) => type === 'resource')
  assert.deepEqual(
    resources.map(({ run: of, resource }) => [of, resource]),
    [[id, changedFile.id]],
  )
})

test('--jsonl of a converge that nobody waits for is asked wrongly', async (t) => {
  const { exitCode, stderr } = await trivet(['converge', '--all', '--jsonl'], await serveOrder(t))
  assert.equal(exitCode, 2)
  assert.match(stderr, /say --wait too/)
})

test('order watch shows what order show --wait does', async (t) => {
  const given = await serveOrder(t)
  const watch = await trivet(['order', 'watch', 'order1'], given)
  const show = await trivet(['order', 'show', 'order1', '--wait'], given)
  assert.deepEqual(watch, show)
  assert.match(watch.stderr, /web-1: changed file\[\/etc\/motd\]/)
})

/** A list of nodes that is another each time that it is asked for; the last one stays. */
function lists(...answers: NodeSummary[][]) {
  let look = 0
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ items: answers[Math.min(look++, answers.length - 1)], next: null, total: 2 }))
  }
}

const node = { type: 'node', at: now, node: 'web-1', state: 'unchanged' }
const behind = { ...node, ready: false, why: 'has yet to converge to its newest catalog' }

test('node wait --jsonl tells how nodes stand until they are as they should be', async (t) => {
  const nodes = lists([nodeOf('web-1', { behind: true })], [nodeOf('web-1')])
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes })
  const { stdout, stderr } = await trivet(['node', 'wait', 'web-1', '--jsonl'], { home: await tempDir(t), login, now })
  assert.deepEqual(linesOf(stdout), [
    behind,
    { ...node, ready: true, why: null },
    { type: 'end', at: now, exitCode: 0 },
  ])
  assert.equal(stderr, '')
})

test('node wait --jsonl tells an end that is none too', async (t) => {
  const reason = 'roles/web.ts: there is no recipe x'
  const nodes = lists([nodeOf('web-1', { behind: true })], [nodeOf('web-1', { state: 'error', reason })])
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes })
  const given = { home: await tempDir(t), login, now }
  const { stdout, stderr, exitCode } = await trivet(['node', 'wait', 'web-1', '--jsonl'], given)
  const failed = { ...node, ready: false, state: 'error', why: `error: ${reason}` }
  assert.deepEqual(linesOf(stdout), [behind, failed, { type: 'end', at: now, exitCode: 1 }])
  assert.match(stderr, /^trivet: web-1: error: roles\/web\.ts/)
  assert.equal(exitCode, 1)
})

async function serveFleet(t: TestContext) {
  const served = await serve(t)
  const login = { url: served.url, ca: served.ca, token: served.token }
  return { served, given: { home: await tempDir(t), login } }
}

/** A run that has begun, and changed something already. */
function begin(agent: Awaited<ReturnType<typeof reportingAgent>>, id: string, orders: string[] = []) {
  agent.send({ type: 'started', run: id, mode: 'converge', orders, resources: 3 })
  agent.send({ type: 'progress', run: id, unchanged: 1, events: [changedFile] })
}

test('run watch follows one run from what it has done so far to its end', async (t) => {
  const { served, given } = await serveFleet(t)
  const agent = await reportingAgent(served, 'n1')
  const id = randomUUID()
  begin(agent, id)
  const [people, programs] = [new Written(), new Written()]
  const watching = [
    trivet(['run', 'watch', id.slice(0, 8), '--diff'], { ...given, stdout: people }),
    trivet(['run', 'watch', id, '--jsonl'], { ...given, stdout: programs }),
  ] as const
  await until('both tell of the file', () => [people, programs].every(({ text }) => text.includes('motd')))
  await agent.report({ id, outcome: 'changed', counts: countsOf({ changed: 1, unchanged: 2 }) }, [changedFile])
  const [shown, lines] = await Promise.all(watching)
  assert.match(shown.stdout, new RegExp(`^n1: run ${id.slice(0, 8)}, 3 resources\nn1: \\* changed .*motd`))
  assert.match(shown.stdout, /\+hello/)
  assert.match(shown.stdout, /changed: 1 changed, 2 unchanged\n$/)
  assert.equal(shown.exitCode, 0)
  assert.deepEqual(
    linesOf(lines.stdout).map(({ type }) => type),
    ['resource', 'run', 'end'],
  )

  const after = await trivet(['run', 'watch', id.slice(0, 8)], given)
  assert.match(after.stdout, /^n1: converge .* changed: 1 changed/, 'one that is over is told at once')
})

test('run watch of a run that failed exits with 1, and of what is none says so', async (t) => {
  const { served, given } = await serveFleet(t)
  const id = await (await reportingAgent(served, 'n1')).report({ outcome: 'failed' })
  const { stdout, exitCode } = await trivet(['run', 'watch', id, '--jsonl'], given)
  assert.deepEqual(
    linesOf(stdout).map(({ type }) => type),
    ['run', 'end'],
  )
  assert.equal(exitCode, 1)
  assert.match((await trivet(['run', 'watch', 'n2'], given)).stderr, /There is no node n2.*unknown-node/)
})

test('run watch of a run that is neither over nor under way is refused', async (t) => {
  const { served, given } = await serveFleet(t)
  await (await reportingAgent(served, 'n1')).report()
  const { stdout, stderr, exitCode } = await trivet(['run', 'watch', '01234567', '--jsonl'], given)
  assert.deepEqual([stdout, exitCode], ['', 1])
  assert.match(stderr, /There is no run 01234567\..*unknown-run/)
})

test('run watch tells what ended while the server was away, and nothing twice', async (t) => {
  const { served, given } = await serveFleet(t)
  const agent = await reportingAgent(served, 'n1')
  const before = await agent.report()
  const [first, stop, stdout] = [randomUUID(), new AbortController(), new Written()]
  begin(agent, first)
  const watching = trivet(['run', 'watch', 'n1', '--jsonl'], { ...given, stdout, signal: stop.signal })
  await until('it tells of the file', () => stdout.text.includes('motd'))
  await agent.report({ id: first })
  await until('it tells of the end', () => linesOf(stdout.text).some(({ type }) => type === 'run'))
  await served.restart()
  const meanwhile = await (await again(served, agent.keys)).report({ outcome: 'failed' })
  await until('it tells what it missed', () => stdout.text.includes(meanwhile))
  stop.abort()
  await watching
  const lines = linesOf(stdout.text).map(({ type, run: of }) => [type, of])
  assert.deepEqual(lines, [
    ['resource', first],
    ['run', first],
    ['run', meanwhile],
  ])
  assert(!stdout.text.includes(before), 'what ended before is for trivet run list')
})

test('who stops watching one run before its end is not told that it went well', async (t) => {
  const { served, given } = await serveFleet(t)
  const id = randomUUID()
  begin(await reportingAgent(served, 'n1'), id)
  const [stop, stdout] = [new AbortController(), new Written()]
  const watching = trivet(['run', 'watch', id], { ...given, stdout, signal: stop.signal })
  await until('it tells of the file', () => stdout.text.includes('motd'))
  stop.abort()
  const { exitCode, stderr } = await watching
  assert.equal(exitCode, 130)
  assert.match(stderr, /is not over yet: waiting for what it does/)
})

test('run watch NODE goes on over its runs until Ctrl-C, tells nothing twice, and leaves others out', async (t) => {
  const { served, given } = await serveFleet(t)
  const [one, other] = [await reportingAgent(served, 'n1'), await reportingAgent(served, 'n2')]
  const [first, stop, stdout] = [randomUUID(), new AbortController(), new Written()]
  begin(one, first)
  const watching = trivet(['run', 'watch', 'n1', '--jsonl'], { ...given, stdout, signal: stop.signal })
  await until('it tells of the file', () => stdout.text.includes('motd'))
  one.send({ type: 'progress', run: first, unchanged: 0, events: [changedFile] })
  await other.report()
  await one.report({ id: first })
  const second = await one.report({ outcome: 'failed' })
  await until('it tells of both', () => stdout.text.includes(second))
  stop.abort()
  assert.equal((await watching).exitCode, 0)
  assert.deepEqual(
    linesOf(stdout.text).map(({ type, run: of }) => [type, of]),
    [
      ['resource', first],
      ['run', first],
      ['run', second],
    ],
  )
})
