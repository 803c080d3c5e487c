import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ResourceEvent } from '../../protocol/events.ts'
import { clockTime } from '../../cli/time.ts'
import { events, serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { changedFile, countsOf, failedService, nodeOf, orderOf, runOf, targetOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

const now = runOf({}).finishedAt + 180_000
const hash = 'ab'.repeat(32)
const disabled = { reason: 'a broken disk', by: 'ann', at: now - 300_000, until: now + 7_200_000 }
const audit = { reason: 'new here', by: 'bob', at: now - 60_000 }

async function given(t: TestContext, answers: Record<string, unknown>) {
  const { login, asked } = await serveApi(t, answers)
  return { home: await tempDir(t), login, now, asked }
}

test('nodes are disabled with a reason and an end, and enabled', async (t) => {
  const at = await given(t, {
    'POST /api/nodes/disable': [nodeOf('web-1', { disabled }), nodeOf('web-2', { disabled })],
    'POST /api/nodes/enable': [nodeOf('web-1')],
  })
  const args = ['node', 'disable', 'web-1', 'web-2', '--reason', 'a broken disk', '--until', '2h']
  const done = await trivet(args, at)
  const text = `disabled by ann, 5m ago, until ${clockTime(disabled.until)} (in 2h): a broken disk`
  assert.equal(done.stderr, `web-1 is ${text}\nweb-2 is ${text}\n`)
  assert.deepEqual(at.asked[0]?.body, { nodes: ['web-1', 'web-2'], reason: 'a broken disk', until: now + 7_200_000 })
  assert.equal((await trivet(['node', 'enable', 'web-1'], at)).stderr, 'web-1 is enabled\n')
  const silent = await trivet(['node', 'disable', 'web-1'], at)
  assert.match(silent.stderr, /--reason: say why/)
  assert.equal(silent.exitCode, 2)
  assert.equal((await trivet(['node', 'disable', 'web-1', '--reason', 'x', '--until', 'soon'], at)).exitCode, 2)
  assert.equal(at.asked.length, 2)
})

test('nodes are audited with a reason, and enforced', async (t) => {
  const at = await given(t, {
    'POST /api/nodes/audit': [nodeOf('web-1', { audit })],
    'POST /api/nodes/enforce': [nodeOf('web-1')],
  })
  const done = await trivet(['node', 'audit', 'web-1', '--reason', 'new here'], at)
  assert.equal(done.stderr, 'web-1 is audited by bob, 1m ago: new here\n')
  assert.equal((await trivet(['node', 'enforce', 'web-1'], at)).stderr, 'web-1 is enforced\n')
  assert.deepEqual(
    at.asked.map(({ body }) => body),
    [{ nodes: ['web-1'], reason: 'new here' }, { nodes: ['web-1'] }],
  )
})

test('node list and node show say what holds a node back, by whom and why', async (t) => {
  const both = nodeOf('web-1', { state: 'would-change', audit, disabled })
  const detail = { id: 'i', createdAt: now, lastSeenAt: null, facts: null, attributes: {}, ordinals: {}, owed: [] }
  const at = await given(t, {
    'GET /api/nodes': [both, nodeOf('web-2', { state: 'failed' })],
    'GET /api/nodes/web-1': { ...both, ...detail, catalog: null },
  })
  const [, first = '', second = ''] = (await trivet(['node', 'list'], at)).stdout.split('\n')
  assert.match(first, /^web-1 +default +web +would-change, disabled, audit +connected/)
  assert.match(first, /disabled by ann, .*: a broken disk; audit by bob, 1m ago: new here$/)
  assert.match(second, /^web-2 +default +web +failed +connected +3m ago +10\.0\.0\.1$/)
  const { stdout } = await trivet(['node', 'show', 'web-1'], at)
  assert.match(stdout, /^disabled +by ann, 5m ago, until .* \(in 2h\): a broken disk$/m)
  assert.match(stdout, /^audit +by bob, 1m ago: new here$/m)
})

test('role show and recipe show say how things are handled', async (t) => {
  const role = { name: 'web', description: '', recipes: ['web'], attributes: {}, nodes: [] }
  const window = { cron: '0 2 * * 6', minutes: 120, timezone: 'Europe/Prague' }
  const attributes = { 'web.port': { mustBeSet: false, default: 80 }, 'web.name': { mustBeSet: true } }
  const at = await given(t, {
    'GET /api/roles/web': { ...role, watch: true, audit: true, window, runDeadlineMs: 90_000 },
    'GET /api/roles/plain': { ...role, name: 'plain' },
    'GET /api/recipes/web': { name: 'web', description: 'Serves.', attributes, roles: ['web'], cleanup: 'remove' },
  })
  assert.deepEqual((await trivet(['role', 'show', 'web'], at)).stdout.split('\n'), [
    'role          web',
    'recipes       web',
    'watch         drift is repaired as it happens',
    'audit         what differs is reported, and nothing is changed',
    'window        changes from each 0 2 * * 6 (Europe/Prague), for 120 minutes',
    'run deadline  1m 30s',
    'nodes         (none)',
    '',
  ])
  assert.equal((await trivet(['role', 'show', 'plain'], at)).stdout, 'role     plain\nrecipes  web\nnodes    (none)\n')
  assert.deepEqual((await trivet(['recipe', 'show', 'web'], at)).stdout.split('\n'), [
    'recipe       web',
    'description  Serves.',
    'roles        web',
    'cleanup      remove',
    'attributes   web.port = 80',
    '             web.name must be set',
    '',
  ])
})

test('node catalog says what is not standard of the recipe', async (t) => {
  const resource = { type: 'file', recipe: 'web', declaredAt: 'recipes/web/web.ts:5', props: {}, notifies: [] }
  const catalog = {
    digest: hash,
    node: 'n1',
    resources: [
      { ...resource, name: '/a' },
      { ...resource, name: '/b', recipe: 'plain' },
    ],
    policies: { web: { watch: true, cleanup: 'restore', window: { cron: '0 2 * * *', minutes: 1 } } },
  }
  const at = await given(t, { 'GET /api/nodes/n1/catalog': catalog })
  const [heading = '', first = '', second = ''] = (await trivet(['node', 'catalog', 'n1'], at)).stdout.split('\n')
  assert.match(heading, /POLICY$/)
  assert.match(first, /:5 {2}watch, from each 0 2 \* \* \* \(UTC\), for 1 minute, cleanup restore$/)
  assert.match(second, /:5$/)
})

test('run show marks drift and ignored failures, and says what was put off or only looked at', async (t) => {
  const shown = [
    { ...changedFile, cause: 'drift' },
    { ...changedFile, cause: 'intended' },
    { ...changedFile, outcome: 'would-change', cause: 'drift', proviso: 'the recipe is audited' },
    { ...failedService, ignored: true, cause: 'drift' },
    { ...changedFile, outcome: 'deferred', cause: 'drift', reason: 'the window opens at 02:00' },
  ].map((event) => ResourceEvent.parse(event))
  const run = runOf({ trigger: 'drift', plan: hash, orphans: ['file[/old]', 'pkg[gone]'], reboot: 'a new kernel' })
  const at = await given(t, { 'GET /api/runs/1111': { run, events: shown } })
  const { stdout } = await trivet(['run', 'show', '1111'], at)
  assert.match(stdout, /^why +drift$/m)
  assert.match(stdout, new RegExp(`^plan +${hash}$`, 'm'))
  assert.match(stdout, /^orphans +file\[\/old\]\n +pkg\[gone\]$/m)
  assert.match(stdout, /^reboot +a new kernel$/m)
  assert.deepEqual(stdout.slice(stdout.indexOf('* changed')).split('\n'), [
    '* changed       file[/etc/motd] (drift)  base, 12ms',
    '    mode: 0600 → 0644',
    '    content: - → hello',
    '* changed       file[/etc/motd]  base, 12ms',
    '    mode: 0600 → 0644',
    '    content: - → hello',
    '* would-change  file[/etc/motd] (drift)  base, 12ms',
    '    mode: 0600 → 0644',
    '    content: - → hello',
    '    the recipe is audited',
    '! failed        service[nginx] (drift, ignored)  web, 1.5s',
    '    systemctl start nginx exited with 1',
    '    bind: address in use',
    '~ deferred      file[/etc/motd] (drift)  base, 12ms',
    '    mode: 0600 → 0644',
    '    content: - → hello',
    '    the window opens at 02:00',
    '',
  ])
})

test('run list asks for runs by what they began with', async (t) => {
  const at = await given(t, { 'GET /api/runs?trigger=drift&limit=20': [runOf({ trigger: 'drift' })] })
  assert.match((await trivet(['run', 'list', '--trigger', 'drift'], at)).stdout, /^11111111 .* drift /m)
  assert.equal((await trivet(['run', 'list', '--trigger', 'drfit'], at)).exitCode, 2)
})

test('run list and run search ask for runs by mode, drift and time', async (t) => {
  const from = now - 7_200_000
  const at = await given(t, {
    [`GET /api/runs?mode=converge&drift=true&from=${from}&to=${now - 60_000}&limit=20`]: [runOf({})],
    [`GET /api/runs?from=${from}&limit=20&text=motd`]: [runOf({})],
  })
  const args = ['--mode', 'converge', '--drift', '--since', '2h', '--until', '1m']
  assert.match((await trivet(['run', 'list', ...args], at)).stdout, /^11111111 /m)
  assert.match((await trivet(['run', 'search', 'motd', '--since', '2h'], at)).stdout, /^11111111 /m)
})

test('order list asks for orders by node, mode, author and state', async (t) => {
  const { targets, ...order } = orderOf([targetOf('web-1', { state: 'failed' })])
  const summary = { ...order, states: { failed: targets.length } }
  const at = await given(t, {
    'GET /api/orders?node=web-1&mode=converge&author=ann&state=failed&limit=20': [summary],
    'GET /api/orders?open=true&limit=20': [summary],
  })
  const args = ['--node', 'web-1', '--mode', 'converge', '--author', 'ann', '--state', 'failed']
  assert.match((await trivet(['order', 'list', ...args], at)).stdout, /1 failed/)
  const lines = (await trivet(['order', 'list', '--open', '--jsonl'], at)).stdout
  assert.deepEqual(JSON.parse(lines), summary)
})

const planned = targetOf('web-1', {
  state: 'converged',
  outcome: 'would-change',
  run: runOf({}).id,
  counts: countsOf({ wouldChange: 1 }),
  plan: hash,
})

function planAnswers() {
  const order = orderOf([targetOf('web-1')], { mode: 'plan' })
  return {
    'POST /api/orders': order,
    'GET /api/orders/order1/watch': events([
      { type: 'order', order },
      { type: 'target', target: planned },
    ]),
    [`GET /api/runs/${runOf({}).id}`]: { run: runOf({ mode: 'plan', plan: hash }), events: [] },
  }
}

test('plan, or converge --plan-only, prints the hash and how to converge by it', async (t) => {
  for (const args of [
    ['plan', 'web-1'],
    ['converge', 'web-1', '--plan-only'],
  ]) {
    const at = await given(t, planAnswers())
    const { stdout, stderr, exitCode } = await trivet(args, at)
    assert.match(stdout, new RegExp(`^NODE .*TOOK +PLAN\nweb-1  planned .* ${hash}$`, 'm'))
    assert.match(stderr, new RegExp(`trivet converge web-1 --wait --plan ${hash}\n$`))
    assert.equal(exitCode, 0)
    assert.deepEqual(at.asked[0]?.body, { mode: 'plan', nodes: ['web-1'] })
  }
})

test('converge --plan carries the hash, and says what to do when the node refuses', async (t) => {
  const order = orderOf([targetOf('web-1')], { plan: hash })
  const refused = targetOf('web-1', { state: 'refused', reason: 'its plan is another by now' })
  const at = await given(t, {
    'POST /api/orders': order,
    'GET /api/orders/order1': order,
    'GET /api/orders/order1/watch': events([
      { type: 'order', order },
      { type: 'target', target: refused },
    ]),
  })
  const { stdout, stderr, exitCode } = await trivet(['converge', 'web-1', '--plan', hash, '--wait'], at)
  assert.match(stdout, /^web-1  refused +- .*its plan is another by now$/m)
  assert.match(stderr, /See what it would do now: trivet plan web-1\n$/)
  assert.equal(exitCode, 1)
  assert.deepEqual(at.asked[0]?.body, { mode: 'converge', nodes: ['web-1'], plan: hash })
  assert.match((await trivet(['order', 'show', 'order1'], at)).stdout, new RegExp(`^plan +${hash}$`, 'm'))
})

test('a plan is of one node, named whole, and is either made or gone by', async (t) => {
  const at = await given(t, {})
  const cases: [string[], RegExp][] = [
    [['web-1', 'web-2', '--plan', hash], /--plan: a plan is of one node; name that one\./],
    [['--all', '--plan', hash], /--plan: a plan is of one node/],
    [['web-1', '--plan', 'abab'], /--plan: the whole hash, 64 hex digits/],
    [['web-1', '--plan', hash, '--plan-only'], /say one of them/],
  ]
  for (const [args, message] of cases) {
    const { exitCode, stderr } = await trivet(['converge', ...args], at)
    assert.match(stderr, message)
    assert.equal(exitCode, 2)
  }
  assert.deepEqual(at.asked, [])
})

test('an order says what was only audited or put off, and marks drift as it comes', async (t) => {
  const targets = [targetOf('web-1'), targetOf('web-2'), targetOf('web-3')]
  const order = orderOf(targets)
  const counts = countsOf({ changed: 1, wouldChange: 2, deferred: 1 })
  const deferred = targetOf('web-3', {
    state: 'converged',
    outcome: 'would-change',
    counts: countsOf({ wouldChange: 1, deferred: 1 }),
  })
  const audited = targetOf('web-1', {
    state: 'converged',
    outcome: 'would-change',
    counts: countsOf({ wouldChange: 1 }),
  })
  const mixed = targetOf('web-2', { state: 'converged', outcome: 'changed', counts })
  const progress = { type: 'progress', node: 'web-2', done: 1, total: 3, events: [{ ...changedFile, cause: 'drift' }] }
  const at = await given(t, {
    'POST /api/orders': order,
    'GET /api/orders/order1/watch': events([
      { type: 'order', order },
      progress,
      { type: 'target', target: audited },
      { type: 'target', target: mixed },
      { type: 'target', target: deferred },
    ]),
  })
  const { stdout, stderr } = await trivet(['converge', '--all', '--wait'], at)
  assert.match(stderr, /^web-2: changed file\[\/etc\/motd\] \(drift\)$/m)
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['NODE', 'STATE', 'CHANGED', 'WOULD CHANGE', 'DEFERRED', 'FAILED', 'TOOK'],
      ['web-1', 'audited', '0', '1', '0', '0', '0ms'],
      ['web-2', 'converged', '1', '2', '1', '0', '0ms'],
      ['web-3', 'deferred', '0', '1', '1', '0', '0ms'],
      ['3 nodes: 1 audited, 1 converged, 1 deferred. 1 resource changed, 4 would change, 2 deferred.'],
      [''],
    ],
  )
})
