import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { stateIn, writeSynced } from '../../../agent/kept/state.ts'
import { serve } from '../fake-server.ts'
import { until } from '../tiny.ts'
import { catalogOf, daemonFor } from '../tiny-daemon.ts'
import { tempDir } from '../../helpers/converges.ts'

type Damage = (path: string) => void

const damages: Record<string, Damage> = {
  'a folder': (path) => {
    mkdirSync(join(path, 'full'), { recursive: true })
  },
  garbage: (path) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.from([0xff, 0, 1, 10, 0x7b, 0x80]))
  },
}

/** Where the agent goes on without what lay there. */
const replaceable = [
  'ledger',
  'run.lock',
  'journal',
  'settings.json',
  'status.json',
  'reboot.json',
  'catalog.note.json',
  'catalog.json.new',
  'types.json',
  'spool',
  'spool/report.new',
  'spool/000000000000001-cut.json',
  'scratch',
  'kept',
  'blobs',
  'blobs/ab',
]

// Side by side: each waits two seconds for a catalog after the one that it took.
describe('a daemon with', { concurrency: 16 }, () => {
  for (const [what, damage] of Object.entries(damages)) {
    for (const name of replaceable) {
      test(`${what} in the place of ${name} keeps no daemon from its runs, its reports and a new catalog`, async (t) => {
        const served = await serve(t)
        const dir = mkdtempSync(join(tmpdir(), 'test-'))
        damage(join(dir, name))
        const node = await daemonFor(t, served, { dir, catalog: catalogOf('a') })
        void node.start()
        await until('the run is over', () => node.lines.some((line) => line.startsWith('run ')))
        assert.deepEqual(node.world.deeds, ['apply a'])
        await served.fake.letIn(served.identity, { intervalMs: 5_000_000 })
        const { report } = await served.fake.hears('report')
        assert.deepEqual([report.run.outcome, report.run.error], ['changed', undefined])
        served.fake.send({ type: 'stored', run: report.run.id })
        served.fake.send({ type: 'catalog', catalog: catalogOf('b') })
        assert.equal((await served.fake.hears('report', 2)).report.run.outcome, 'changed')
      })
    }
  }
})

test('a catalog that is none is moved aside, and the next one is taken', async (t) => {
  for (const damage of Object.values(damages)) {
    const served = await serve(t)
    const dir = mkdtempSync(join(tmpdir(), 'test-'))
    damage(join(dir, 'catalog.json'))
    const node = await daemonFor(t, served, { dir })
    void node.start()
    await served.fake.letIn(served.identity)
    served.fake.send({ type: 'catalog', catalog: catalogOf('a') })
    for (const [at, outcome] of ['failed', 'changed'].entries()) {
      const { run } = (await served.fake.hears('report', at + 1)).report
      assert.equal(run.outcome, outcome)
      served.fake.send({ type: 'stored', run: run.id })
    }
  }
})

test('what lay in the place of a file is still there under another name, also the second time', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'ledger')
  const contents = () => readdirSync(dir).filter((name) => name.includes('damaged')).length
  for (const count of [1, 2]) {
    damages['a folder']?.(path)
    writeSynced(path, 'new')
    assert.equal(readFileSync(path, 'utf8'), 'new')
    rmSync(path)
    assert.equal(contents(), count)
  }
})

test('an identity that is none says where it lies and what to do, and nothing else is touched', async (t) => {
  for (const damage of Object.values(damages)) {
    const dir = await tempDir(t)
    const state = stateIn(join(dir, 'state'))
    damage(state.path('identity.json'))
    assert.throws(
      () => state.readIdentity(),
      /identity\.json cannot be used: .*\. Bring it back from a backup; or .*join anew/,
    )
    assert.deepEqual(readdirSync(state.dir), ['identity.json'])
  }
})

test('a key that is none is told with each attempt to connect, and the runs go on', async (t) => {
  for (const damage of Object.values(damages)) {
    const { fake, identity, key } = await serve(t)
    const node = await daemonFor(t, { identity, key }, { catalog: catalogOf('a') })
    const path = node.state.path('key.pem')
    rmSync(path)
    damage(path)
    void node.start()
    await until('the run is over', () => node.lines.some((line) => line.startsWith('run ')))
    await fake.connection()
    fake.send({ type: 'challenge', nonce: 'nonce', server: identity.caSha256 })
    const told = /cannot connect .*key\.pem cannot be used: .*\. Bring it back/
    await until('it is told', () => node.lines.some((line) => told.test(line)))
    rmSync(path, { recursive: true })
    writeFileSync(path, key)
    await fake.connection(2)
    fake.send({ type: 'challenge', nonce: 'nonce', server: identity.caSha256 })
    await fake.hears('hello')
  }
})

test('a journal that cannot be read stops every run, since it says what is owed, and the server hears why', async (t) => {
  const served = await serve(t)
  const node = await daemonFor(t, served, { catalog: catalogOf('a') })
  symlinkSync('journal', node.state.path('journal'))
  void node.start()
  await served.fake.letIn(served.identity)
  served.fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: Date.now() + 60_000 })
  const first = await served.fake.hears('report')
  served.fake.send({ type: 'stored', run: first.report.run.id })
  const { report } = await served.fake.hears('report', 2)
  assert.deepEqual([first.report.run.outcome, report.run.orders], ['failed', ['o1']])
  assert.match(report.run.error ?? '', /journal cannot be used: ELOOP.*It says what is owed.*move it away/)
  assert.deepEqual(node.world.deeds, [])
})
