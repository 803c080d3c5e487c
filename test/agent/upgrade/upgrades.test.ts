import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { UpgradesOptions } from '../../../agent/upgrade/upgrades.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { asRoot, until } from '../tiny.ts'
import { agent, order } from './upgrading.ts'

test('an order is taken, staged, written down, and left to the judge, who is the program that runs', async (t) => {
  const node = agent(t)
  node.connect()
  node.upgrades.order(order, false)
  await until('the judge has it', () => node.said().includes('upgrading'))
  assert.deepEqual(node.said(), ['delivered', 'upgrading'])
  assert.deepEqual(node.judges, ['end', node.slots.program('.')])
  const intent = node.files.readIntent()
  assert.deepEqual([intent?.phase, intent?.from, intent?.to.slot], ['switch', { slot: '.', version: '1.0.0' }, 'a'])
  node.upgrades.order(order, false)
  node.upgrades.order({ ...order, id: 'o2' }, false)
  assert.deepEqual(node.said().slice(2), ['delivered', 'refused: it is busy with the upgrade of order o1'])
})

test('what cannot be is refused, with what to do', async (t) => {
  const refusal = (given: Partial<UpgradesOptions>, asked = order, isLate = false) => {
    const node = agent(t, given)
    node.connect()
    node.upgrades.order(asked, isLate)
    return node.said().at(-1) ?? ''
  }
  assert.match(
    refusal({ key: undefined }),
    /refused: this agent was built without a signing key.*Next: npm run build:agent/,
  )
  assert.match(refusal({ place: undefined }), /refused: .*Next: install it by the line of trivet token create/)
  assert.match(refusal({}, { ...order, version: '0.9.0' }), /refused: 0\.9\.0 is older than 1\.0\.0.*--downgrade/)
  assert.match(refusal({}, order, true), /refused: the order came after its time/)
  assert.equal(refusal({}, { ...order, version: '0.9.0', downgrade: true }), 'delivered')
  const node = agent(t, { stage: () => Promise.reject(new Error('SHA256SUMS is not signed')) })
  node.connect()
  node.upgrades.order(order, false)
  await until('it is refused', () => node.said().includes('refused: SHA256SUMS is not signed'))
  assert.equal(node.files.readIntent(), undefined)
})

test('the version that runs already is an upgrade that is over', async (t) => {
  const node = agent(t)
  node.connect()
  node.upgrades.order({ ...order, version: '1.0.0' }, false)
  await until('it is told', () => node.said().includes('upgrade-over'))
  node.upgrades.stored('o1')
  assert.deepEqual(node.files.untold(), [])
})

test('where that cannot be written down the order is refused, and the connection goes on', (t) => {
  const node = agent(t)
  node.connect()
  rmSync(node.files.results, { recursive: true })
  // Nobody can make a file there.
  symlinkSync('/proc', node.files.results)
  node.upgrades.order({ ...order, version: '1.0.0' }, false)
  assert.match(node.said().at(-1) ?? '', /^refused: it is 1\.0\.0 already, and that cannot be written down: E/)
})

test('a full state folder is named, with what to do, and nothing is begun', asRoot, async (t) => {
  const node = agent(t)
  node.connect()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', node.dir])
  try {
    mkdirSync(node.files.results)
    assert.throws(() => writeFileSync(join(node.dir, 'full'), Buffer.alloc(128 * 1024)), /ENOSPC/)
    const noRoom = `${node.dir} has no room left for what is to be written down there. Next: make room there, then give the order again`
    node.upgrades.order({ ...order, version: '1.0.0' }, false)
    assert.equal(node.said().at(-1), `refused: it is 1.0.0 already, and that cannot be written down: ${noRoom}`)
    node.upgrades.order({ ...order, id: 'o2' }, false)
    await until('it is refused', () => node.said().length > 3)
    assert.equal(node.said().at(-1), `refused: the upgrade cannot be begun: ${noRoom}`)
    assert.equal(node.files.readIntent(), undefined)
  } finally {
    execFileSync('umount', [node.dir])
  }
})

test('a cancelled order is not gone on with', async (t) => {
  const node = agent(t, {
    stage: ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  node.connect()
  node.upgrades.order(order, false)
  node.upgrades.cancel('o1')
  await until('it is told', () => node.said().includes('refused: it was cancelled'))
  assert.deepEqual([node.judges, node.files.readIntent()], [['end'], undefined])
})

test('one that is cancelled while a run delays it is told at once, and the next one is taken', async (t) => {
  const node = agent(t, {}, { busy: true })
  node.connect()
  node.upgrades.order(order, false)
  await setImmediate()
  node.upgrades.cancel('o1')
  await until('it is told', () => node.said().includes('refused: it was cancelled'))
  node.upgrades.order({ ...order, id: 'o2' }, false)
  node.endRun()
  await until('the judge has the other', () => node.said().includes('upgrading'))
  assert.deepEqual(node.said(), ['delivered', 'refused: it was cancelled', 'delivered', 'upgrading'])
  assert.equal(node.files.readIntent()?.order, 'o2')
  assert.deepEqual(node.judges, ['end', node.slots.program('.')])
})

test('an agent that is stopped while a run delays it says nothing of it, so that it is given it again', async (t) => {
  const node = agent(t, {}, { busy: true })
  node.connect()
  node.upgrades.order(order, false)
  await setImmediate()
  node.stopping.abort()
  node.endRun()
  await setImmediate()
  assert.deepEqual([node.said(), node.files.readIntent()], [['delivered'], undefined])
})

test('where the judge cannot be begun nothing is left of it, and the next order is taken', async (t) => {
  let fails = true
  const begun: string[] = []
  const begin = async (program: string) => {
    if (fails) throw new Error('systemctl start ended with 1')
    begun.push(program)
  }
  const node = agent(t, {
    unit: { begin, end: async () => {} },
    stage: async ({ slots }) => {
      slots.make('a')
      return 'a'
    },
  })
  node.connect()
  node.upgrades.order(order, false)
  await until('it is told', () => node.said().some((line) => line.startsWith('refused')))
  assert.match(node.said().at(-1) ?? '', /the upgrade cannot be begun: systemctl start ended with 1/)
  await setImmediate()
  assert.deepEqual([node.files.readIntent(), existsSync(node.slots.path('a'))], [undefined, false])
  fails = false
  node.upgrades.order({ ...order, id: 'o2' }, false)
  await until('the judge has it', () => node.said().includes('upgrading'))
  assert.deepEqual(begun, [node.slots.program('.')])
})

test('what the daemon was stopped in the middle of is gone on with, and not forgotten', async (t) => {
  const node = agent(t, {
    unit: {
      begin: async () => {
        node.stopping.abort()
        throw new Error('systemctl start was ended with the service')
      },
      end: async () => {},
    },
  })
  node.connect()
  node.upgrades.order(order, false)
  await until('it is written down', () => node.files.readIntent() !== undefined && node.stopping.signal.aborted)
  await setImmediate()
  assert.deepEqual([node.said(), node.files.readIntent()?.phase], [['delivered'], 'switch'])
})

test('an upgrade that was written down before the judge was begun is judged after a crash', async (t) => {
  const node = agent(t)
  node.files.writeIntent({
    order: 'o1',
    from: { slot: '.', version: '1.0.0' },
    to: { slot: 'a', version: '1.1.0' },
    patienceMs: 1000,
    before: { hasCatalog: true, failing: false },
    phase: 'switch',
  })
  node.slots.make('a')
  const end = node.upgrades.begin()
  t.after(end)
  await until('it is judged', () => node.judges.includes(node.slots.program('.')))
  assert(existsSync(node.slots.path('a')), 'what is to be switched to must stay')
})

/** The new one, when the judge has started it. */
function candidate(t: TestContext, given: Partial<UpgradesOptions> & { failing?: boolean; had?: boolean } = {}) {
  const { failing = false, had = true, ...options } = given
  const node = agent(t, { version: '1.1.0', ...options })
  node.slots.make('a')
  node.slots.point('a')
  const intent = {
    order: 'o1',
    from: { slot: '.', version: '1.0.0' },
    to: { slot: 'a', version: '1.1.0' },
    patienceMs: 1000,
    before: { hasCatalog: had, failing },
    phase: 'wait' as const,
  }
  node.files.writeIntent(intent)
  return { ...node, isProven: () => node.files.isProven(intent) }
}
const place = (t: TestContext) => {
  const { slots } = agent(t)
  return { slots, slot: 'a' }
}
const runOf = (run: Parameters<typeof reportOf>[1]) => reportOf('00000000-0000-4000-8000-000000000000', run).run

test('a new agent proves itself by a run that it made when it was connected', async (t) => {
  const node = candidate(t, { place: place(t) })
  node.upgrades.ran(runOf({ outcome: 'unchanged' }))
  assert.equal(node.isProven(), false, 'nobody knows yet that it can connect')
  node.connect()
  assert.deepEqual([node.looks, node.isProven()], [['look'], false])
  node.upgrades.ran(runOf({ outcome: 'failed' }))
  assert.equal(node.isProven(), false)
  node.upgrades.ran(runOf({ outcome: 'would-change' }))
  assert.equal(node.isProven(), true)
})

test('a run that fails as the one of the old agent did proves it too, one that could not be made does not', async (t) => {
  const node = candidate(t, { place: place(t), failing: true })
  node.connect()
  node.upgrades.ran(runOf({ outcome: 'failed', error: 'there is no run' }))
  assert.equal(node.isProven(), false)
  node.upgrades.ran(runOf({ outcome: 'failed' }))
  assert.equal(node.isProven(), true)
})

test('without a catalog there is no run to be seen, unless there was one before', async (t) => {
  const without = { hasCatalog: () => false }
  const unassigned = candidate(t, { place: place(t), had: false, ...without })
  unassigned.connect()
  assert.equal(unassigned.isProven(), true)
  const lost = candidate(t, { place: place(t), ...without })
  lost.connect()
  assert.equal(lost.isProven(), false)
})

test('how it ended is told each time that it connects until the server has it, and to a server of before not at all', async (t) => {
  const node = agent(t)
  node.files.close({ order: 'o1', outcome: 'rolled-back', version: '1.0.0', reason: 'it was no good' })
  node.connect()
  node.connect()
  const told = node.sent.filter(({ type }) => type === 'upgrade-over')
  assert(told.length >= 2)
  node.upgrades.stored('o1')
  assert.deepEqual(node.files.untold(), [])
  const older = agent(t, {}, { minor: 0 })
  older.files.close({ order: 'o1', outcome: 'upgraded', version: '1.0.0' })
  older.connect()
  assert.deepEqual(older.sent, [])
})
