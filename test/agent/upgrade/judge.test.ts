import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { stateIn } from '../../../agent/kept/state.ts'
import { type Intent, upgradeIn } from '../../../agent/upgrade/intent.ts'
import { type Court, judge } from '../../../agent/upgrade/judge.ts'
import { Slots } from '../../../agent/upgrade/slots.ts'

class Killed extends Error {}

class ReadOnly extends Slots {
  override point() {
    throw new Error('EROFS: read-only file system')
  }
}

const patienceMs = 10_000

/** A machine with two agents: which one runs, and what the new one does once it has been started. */
function machine(t: TestContext, becomes: 'well' | 'silent') {
  const dir = mkdtempSync(join(tmpdir(), 'test-judge-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const folder = join(dir, 'lib')
  mkdirSync(join(folder, 'a'), { recursive: true })
  for (const path of ['trivet-agent', 'a/trivet-agent']) writeFileSync(join(folder, path), '')
  symlinkSync('.', join(folder, 'current'))
  const slots = new Slots(folder)
  const files = upgradeIn(stateIn(join(dir, 'state')))
  const intent: Intent = {
    order: 'o1',
    from: { slot: '.', version: '1.0.0' },
    to: { slot: 'a', version: '1.1.0' },
    patienceMs,
    before: { hasCatalog: true, failing: false },
    phase: 'switch',
  }
  const world = {
    running: '.' as string | undefined,
    ms: 0,
    boot: 'first',
    locked: false,
    ended: 0,
    /** Every effect in its turn; at that one, before or after it is made, the judge is killed. */
    deeds: [] as string[],
    killAt: Infinity,
    dead: false,
  }
  const deed = <Made>(name: string, make: () => Made): Made => {
    const dies = (when: string) => {
      // What is dead does not clean up after itself either.
      if (world.dead) throw new Killed()
      world.deeds.push(`${when} ${name}`)
      if (world.deeds.length - 1 !== world.killAt) return
      world.dead = true
      world.locked = false
      throw new Killed(`${when} ${name}`)
    }
    dies('before')
    const made = make()
    dies('after')
    return made
  }
  const court = (): Court => ({
    files: {
      ...files,
      writeIntent: (next) => deed(`write ${next.phase}`, () => files.writeIntent(next)),
      close: (result) => deed('close', () => files.close(result)),
    },
    slots: Object.assign(new Slots(folder), {
      point: (slot: string) => deed(`point ${slot}`, () => slots.point(slot)),
    }),
    service: {
      stop: async () =>
        deed('stop', () => {
          assert(world.locked || files.readIntent()?.phase === 'back', 'no run can begin while the old one is stopped')
          world.running = undefined
        }),
      start: async () =>
        deed('start', () => {
          world.running ??= slots.current
          if (world.running === 'a' && becomes === 'well') files.prove(intent)
        }),
      lastLines: async () => 'the last line',
    },
    lockRuns: async () => {
      world.locked = true
      return { release: () => void (world.locked = false) }
    },
    uptime: () => ({ boot: world.boot, ms: world.ms }),
    now: Date.now,
    pause: async () => deed('pause', () => void (world.ms += 3000)),
    end: async () => deed('end', () => void (world.ended += 1)),
    log: () => {},
  })
  files.writeIntent(intent)
  return { folder, files, slots, intent, world, court }
}

/** As systemd does: begun again as often as it was killed. */
async function judgeToTheEnd({ court, world }: ReturnType<typeof machine>, reboots = false) {
  for (;;) {
    world.dead = false
    try {
      await judge(court())
      return
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      if (reboots) {
        world.dead = false
        world.boot = `${world.boot}.`
        world.ms = 0
        world.running = undefined
        await court().service.start()
      }
    }
  }
}

test('a new agent that proves itself stays', async (t) => {
  const node = machine(t, 'well')
  await judgeToTheEnd(node)
  assert.deepEqual(node.files.untold(), [{ order: 'o1', outcome: 'upgraded', version: '1.1.0' }])
  assert.deepEqual([node.world.running, node.slots.current, node.world.ended], ['a', 'a', 1])
  assert.equal(node.files.readIntent(), undefined)
})

test('one that does not is rolled back after its time, with the last that it logged', async (t) => {
  const node = machine(t, 'silent')
  await judgeToTheEnd(node)
  const [result] = node.files.untold()
  assert.deepEqual([result?.outcome, result?.version], ['rolled-back', '1.0.0'])
  assert.match(result?.reason ?? '', /^1\.1\.0 was rolled back: it did not connect .* within 10 s[^]*the last line/)
  assert.deepEqual([node.world.running, node.slots.current], ['.', '.'])
  assert(node.world.ms >= patienceMs)
})

for (const becomes of ['well', 'silent'] as const) {
  for (const reboots of [false, true]) {
    const how = reboots ? 'a loss of power' : 'kill -9 of the judge'
    test(`after ${how} at any point one of the two runs, and that is told: a new agent that is ${becomes}`, async (t) => {
      let points = 1
      for (let killAt = 0; killAt < points; killAt += 1) {
        const node = machine(t, becomes)
        node.world.killAt = killAt
        await judgeToTheEnd(node, reboots)
        const where = `killed ${node.world.deeds[killAt]}`
        points = Math.max(points, node.world.deeds.length)
        if (killAt >= node.world.deeds.length) break
        const result = becomes === 'well' ? ['upgraded', '1.1.0', 'a'] : ['rolled-back', '1.0.0', '.']
        const [told, ...more] = node.files.untold()
        assert.deepEqual([told?.outcome, told?.version, node.world.running], result, where)
        assert.equal(node.slots.current, node.world.running, where)
        assert.deepEqual([more, node.files.readIntent(), node.world.ended > 0], [[], undefined, true], where)
      }
      assert(points > 10, `only ${points} points were tried`)
    })
  }
}

test('an agent that somebody installed meanwhile stays, and that is told', async (t) => {
  const node = machine(t, 'silent')
  const court = node.court()
  let pauses = 0
  await judge({
    ...court,
    pause: async () => {
      pauses += 1
      node.slots.point('.')
    },
  })
  assert.equal(pauses, 1)
  assert.deepEqual([node.slots.current, node.files.untold()[0]?.outcome], ['.', 'failed'])
  assert.match(node.files.untold()[0]?.reason ?? '', /installed meanwhile/)
})

test('where the new one cannot be put in its place the old one is started again', async (t) => {
  const node = machine(t, 'well')
  const court = node.court()
  await judge({ ...court, slots: new ReadOnly(node.folder) })
  assert.deepEqual([node.world.running, node.files.untold()[0]?.outcome], ['.', 'rolled-back'])
  assert.match(node.files.untold()[0]?.reason ?? '', /EROFS/)
})

test('a run that does not end is not cut off: the upgrade is given up', async (t) => {
  const node = machine(t, 'well')
  await judge({ ...node.court(), lockRuns: () => Promise.reject(new Error('it waited for the run of process 7')) })
  assert.deepEqual(node.world.running, '.')
  assert.deepEqual(node.files.untold()[0]?.outcome, 'rolled-back')
})

test('slots take turns, and a link that was half made is made anew', (t) => {
  const { folder, slots } = machine(t, 'well')
  assert.equal(slots.free, 'a')
  symlinkSync('nowhere', join(folder, 'current.new'))
  slots.point('a')
  assert.deepEqual([readlinkSync(join(folder, 'current')), slots.free], ['a', 'b'])
  slots.make('b')
  slots.prune()
  assert.deepEqual([existsSync(slots.path('a')), existsSync(slots.path('b'))], [true, false])
})
