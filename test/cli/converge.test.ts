import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { makeClient } from '../../cli/api-client.ts'
import { Unreachable } from '../../cli/connection.ts'
import { followOrder } from '../../cli/follow-order.ts'
import { exitCodeOf } from '../../cli/order-state.ts'
import { frame } from '../../cli/order-text.ts'
import { coloured, plain } from '../../cli/paint.ts'
import { makeThrottle } from '../../cli/throttle.ts'
import type { Target } from '../../protocol/views.ts'
import { events, serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { changedFile, countsOf, failedService, orderOf, runOf, targetOf } from '../helpers/records.ts'
import { drawnOn, takenBack, trivet } from '../helpers/trivet.ts'

const orderAt = orderOf([]).createdAt
const counts = countsOf({ changed: 1, unchanged: 3 })
const changed = targetOf('web-1', {
  state: 'converged',
  outcome: 'changed',
  run: runOf({}).id,
  counts,
  at: orderAt + 41_000,
})
const started = targetOf('web-1', { state: 'started' })
const unchanged = targetOf('web-2', {
  state: 'converged',
  outcome: 'unchanged',
  counts: countsOf({ unchanged: 4 }),
  at: orderAt + 1000,
})
const unreachable = targetOf('web-2', { state: 'unreachable', reason: 'it is not connected', at: orderAt + 1000 })
const failed = targetOf('web-2', {
  state: 'failed',
  outcome: 'failed',
  run: runOf({}).id,
  counts: countsOf({ failed: 1 }),
  at: orderAt + 1000,
})
const waiting = [targetOf('web-1'), targetOf('web-2')]

function code(...targets: Target[]) {
  return exitCodeOf(orderOf(targets), { detailed: true })
}

/** A server whose order goes through these updates. */
async function serveOrder(t: TestContext, updates: unknown[], more: Record<string, unknown> = {}) {
  const { login, asked, answers } = await serveApi(t, {
    'POST /api/orders': orderOf(waiting),
    'GET /api/orders/order1/watch': events([{ type: 'order', order: orderOf(waiting) }, ...updates]),
    [`GET /api/runs/${runOf({}).id}`]: { run: runOf({}), events: [changedFile, failedService] },
    ...more,
  })
  return { home: await tempDir(t), login, asked, answers }
}

function target(one: Target) {
  return { type: 'target', target: one }
}

const progress = { type: 'progress', node: 'web-1', done: 2, total: 4, events: [changedFile] }

test('converge without --wait prints the id, and how to follow it', async (t) => {
  const given = await serveOrder(t, [])

  const { stdout, stderr, exitCode } = await trivet(['converge', 'web-1', 'web-2', '--deadline', '5m'], given)

  assert.deepEqual([stdout, exitCode], ['order1\n', 0])
  assert.match(stderr, /^Ordered from 2 nodes\. .*trivet order show order1 --wait/)
  assert.deepEqual(given.asked[0]?.body, { mode: 'converge', deadlineMs: 300_000, nodes: ['web-1', 'web-2'] })
})

test('an order whose answer was lost is asked for again under the same key', async (t) => {
  const given = await serveOrder(t, [])
  given.answers['POST /api/orders'] = (response: ServerResponse) => {
    given.answers['POST /api/orders'] = orderOf(waiting)
    response.socket?.destroy()
  }

  const { stdout, stderr, exitCode } = await trivet(['converge', 'web-1', 'web-2'], given)

  assert.deepEqual([stdout, exitCode], ['order1\n', 0])
  assert.match(stderr, /cut the connection.* Asking again for the same order\./)
  const keys = given.asked.map(({ headers }) => headers['idempotency-key'])
  assert.match(String(keys[0]), /^[0-9a-f-]{36}$/)
  assert.deepEqual(keys, [keys[0], keys[0]])
})

test('an order of which nothing left is not asked for again', async (t) => {
  const login = { ...(await serveOrder(t, [])).login, url: 'https://127.0.0.1:1' }
  const { stderr, exitCode } = await trivet(['converge', 'web-1'], { home: await tempDir(t), login })
  assert.match(stderr, /^trivet: Cannot reach .*nothing listens there/)
  assert.equal(exitCode, 1)
})

test('order again gives the order anew, and says which it was', async (t) => {
  const next = orderOf([targetOf('web-2')], { id: 'order2', again: 'order1' })
  const given = await serveOrder(t, [], { 'POST /api/orders/order1/again': next, 'GET /api/orders/order2': next })
  const { stdout, stderr } = await trivet(['order', 'again', 'order1'], given)
  assert.equal(stdout, 'order2\n')
  assert.match(stderr, /^Ordered from 1 node\. /)
  assert.match((await trivet(['order', 'show', 'order2'], given)).stdout, /\nagain +order1\n/)
})

test('an order of one node says so', async (t) => {
  const given = await serveOrder(t, [], { 'POST /api/orders': orderOf([targetOf('web-1')]) })

  const { stderr } = await trivet(['converge', 'web-1'], given)

  assert.match(stderr, /^Ordered from 1 node\. /)
})

test('converge wants exactly one of nodes, a role, and all', async (t) => {
  const home = await tempDir(t)
  for (const args of [[], ['web-1', '--all'], ['--role', 'web', '--all']]) {
    const { exitCode, stderr } = await trivet(['converge', ...args], { home, login: (await serveOrder(t, [])).login })
    assert.match(stderr, /one of the three/)
    assert.equal(exitCode, 2)
  }
})

test('converge --wait appends what is new where lines cannot be redrawn', async (t) => {
  const given = await serveOrder(t, [target(started), progress, target(unchanged), target(changed)])

  const { stdout, stderr, exitCode } = await trivet(['converge', '--all', '--wait'], given)

  assert.deepEqual(stderr.split('\n'), [
    'web-1: started',
    'web-1: changed file[/etc/motd]',
    'web-2: converged (4 unchanged)',
    'web-1: converged (1 changed, 3 unchanged)',
    '',
  ])
  assert.deepEqual(stdout.split('\n'), [
    'NODE   STATE      CHANGED  FAILED  TOOK',
    'web-1  converged  1        0       41s',
    'web-2  converged  0        0       1.0s',
    '2 nodes: 2 converged. 1 resource changed.',
    '',
  ])
  assert.equal(exitCode, 0)
})

test('converge --wait redraws one line a node on a terminal', async (t) => {
  const given = await serveOrder(t, [target(started), progress, target(unchanged), target(changed)])

  const { stderr } = await trivet(['converge', '--all', '--wait'], { ...given, live: true })

  assert.deepEqual(drawnOn(stderr).at(-1), [
    '2 of 2 nodes are done',
    'web-1  converged          2/4  1 changed, 3 unchanged',
    'web-2  converged               4 unchanged',
  ])
  assert.equal(takenBack(stderr), 3, 'in the end the lines give way to the table')
})

test('converge --wait exits with 1 and says why when a node failed or never came', async (t) => {
  const given = await serveOrder(t, [target(changed), target(failed)])
  const { stdout, stderr, exitCode } = await trivet(['converge', '--all', '-w'], given)

  assert.deepEqual(stdout.split('\n'), [
    'web-2: failed, 1 failed',
    '  ! failed        service[nginx]  web, 1.5s',
    '      systemctl start nginx exited with 1',
    '      bind: address in use',
    '',
    'NODE   STATE      CHANGED  FAILED  TOOK',
    'web-1  converged  1        0       41s',
    'web-2  failed     0        1       1.0s',
    '2 nodes: 1 converged, 1 failed. 1 resource changed.',
    '',
  ])
  assert.match(stderr, /More: trivet run show 11111111/)
  assert.equal(exitCode, 1)

  const away = await serveOrder(t, [target(changed), target(unreachable)])
  const absent = await trivet(['converge', '--all', '--wait'], away)
  assert.match(
    absent.stdout,
    /^NODE.* WHY\nweb-1.*\nweb-2  unreachable  -        -       1.0s  it is not connected\n2 nodes: /m,
  )
  assert.equal(absent.exitCode, 1)
})

test('detailed exit codes tell changed and failed apart', () => {
  const planned = targetOf('a', { state: 'converged', outcome: 'would-change', counts: countsOf({ wouldChange: 1 }) })
  assert.deepEqual(
    [code(unchanged), code(changed, unchanged), code(unreachable), code(changed, failed), code(planned)],
    [0, 2, 4, 6, 2],
  )
})

test('converge --detailed-exitcodes waits', async (t) => {
  const given = await serveOrder(t, [target(changed), target(unreachable)])
  assert.equal((await trivet(['converge', '--all', '--detailed-exitcodes'], given)).exitCode, 6)
})

test('converge --wait --json gives the order as it ended', async (t) => {
  const given = await serveOrder(t, [target(changed), target(unchanged)])

  const { stdout } = await trivet(['converge', '--all', '--wait', '--json'], given)

  assert.deepEqual(JSON.parse(stdout), orderOf([changed, unchanged]))
})

test('plan shows what would change on each node, with diffs', async (t) => {
  const would = { ...changedFile, outcome: 'would-change' }
  const planned: Target = { ...changed, outcome: 'would-change', counts: countsOf({ wouldChange: 1, unchanged: 3 }) }
  const order = orderOf(waiting, { mode: 'plan' })
  const given = await serveOrder(t, [], {
    'POST /api/orders': order,
    'GET /api/orders/order1/watch': events([{ type: 'order', order }, target(planned), target(unchanged)]),
    [`GET /api/runs/${runOf({}).id}`]: { run: runOf({ mode: 'plan' }), events: [would] },
  })

  const { stdout, exitCode } = await trivet(['plan', '--all'], given)

  assert.deepEqual(stdout.split('\n'), [
    'web-1: planned, 1 would change, 3 unchanged',
    '  * would-change  file[/etc/motd]  base, 12ms',
    '      mode: 0600 → 0644',
    '      content: - → hello',
    '        @@ -0,0 +1 @@',
    '        -old',
    '        +hello',
    '',
    'NODE   STATE    WOULD CHANGE  FAILED  TOOK',
    'web-1  planned  1             0       41s',
    'web-2  planned  0             0       1.0s',
    '2 nodes: 2 planned. 1 resource would change.',
    '',
  ])
  assert.equal(exitCode, 0)
  assert.equal((await trivet(['plan', '--all', '--detailed-exitcodes'], given)).exitCode, 2)
})

test('a connection that is cut is made again, and what was missed is caught up', async (t) => {
  const answers: Record<string, unknown> = {}
  const done = orderOf([changed, unchanged])
  answers['GET /api/orders/order1/watch'] = (response: ServerResponse) => {
    answers['GET /api/orders/order1/watch'] = events([{ type: 'order', order: done }])
    events([{ type: 'order', order: orderOf(waiting) }, target(started)], { cut: true })(response)
  }
  const { login } = await serveApi(t, answers)
  const lost: string[] = []
  const following = {
    signal: new AbortController().signal,
    now: () => 0,
    retryMs: 1,
    onLost: (error: Unreachable) => lost.push(error.message),
  }

  const seen: string[] = []
  for await (const update of followOrder(makeClient(login), orderOf(waiting), following)) seen.push(update.type)

  assert.deepEqual(seen, ['order', 'target', 'order'])
  assert.match(lost.join(), /cut the connection/)
})

test('a server that stays away is given up on well after the deadline', async () => {
  const login = { url: 'https://127.0.0.1:1', ca: '', token: 'x' }
  const order = orderOf(waiting)
  const following = {
    signal: new AbortController().signal,
    now: () => order.deadline + 61_000,
    retryMs: 1,
    onLost: () => assert.fail('it is too late to go on'),
  }
  await assert.rejects(followOrder(makeClient(login), order, following).next(), Unreachable)
})

test('whoever stops following is not told that the connection is lost', async (t) => {
  const controller = new AbortController()
  const { login } = await serveApi(t, {
    'GET /api/orders/order1/watch': (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ type: 'order', order: orderOf(waiting) })}\n\n`)
    },
  })
  const lost: string[] = []
  const onLost = (error: Unreachable) => lost.push(error.message)
  const following = { signal: controller.signal, now: () => 0, retryMs: 1, onLost }
  const updates = followOrder(makeClient(login), orderOf(waiting), following)
  await updates.next()

  controller.abort()

  await assert.rejects(updates.next())
  assert.deepEqual(lost, [])
})

test('Ctrl-C leaves the order to itself and says how to find it again', async (t) => {
  const controller = new AbortController()
  const given = await serveOrder(t, [], {
    'GET /api/orders/order1/watch': (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ type: 'order', order: orderOf(waiting) })}\n\n`, () =>
        controller.abort(),
      )
    },
  })

  const { exitCode, stderr } = await trivet(['converge', '--all', '--wait'], { ...given, signal: controller.signal })

  assert.match(stderr, /^The order goes on\. .*order show order1 --wait.*order cancel order1\n$/)
  assert.equal(exitCode, 130)
})

test('where not all nodes fit on the screen, those at work are shown and the rest counted', () => {
  const nodes = Array.from({ length: 9 }, (_, index) => targetOf(`n${index}`, { state: 'converged' }))
  const order = orderOf([...nodes, targetOf('busy', { state: 'started' })])

  assert.deepEqual(frame({ order, progress: {} }, 3, plain), [
    'busy  started',
    'n0    converged',
    'and 8 more: 8 converged',
  ])
})

test('a colour says nothing that a word does not say', () => {
  const state = { order: orderOf([unreachable]), progress: {} }
  const [line = ''] = frame(state, 10, coloured)
  assert(line.includes(coloured('red', 'unreachable')))
  assert.equal(stripVTControlCharacters(line), frame(state, 10, plain)[0])
})

test('drawing is held back to what eyes can follow, and the last state is never lost', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let drawn = 0
  const draw = makeThrottle(100, () => drawn++)
  for (let index = 0; index < 50; index++) draw()
  assert.equal(drawn, 1)
  t.mock.timers.tick(100)
  assert.equal(drawn, 2)
  draw()
  draw.flush()
  assert.equal(drawn, 3)
  t.mock.timers.tick(1000)
  assert.equal(drawn, 3)
})
