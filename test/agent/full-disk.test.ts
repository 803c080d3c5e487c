import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { agentCommands } from '../../agent/commands/index.ts'
import { stateIn, writeSynced } from '../../agent/kept/state.ts'
import { Parts } from '../../agent/parts.ts'
import { runProgram } from '../../cli/program.ts'
import { serve } from './fake-server.ts'
import { asRoot, World } from './tiny.ts'
import { catalogOf } from './tiny-daemon.ts'

test(
  'a daemon that starts on a full disk connects, tells so, and converges as soon as there is room',
  asRoot,
  async (t) => {
    const { fake, identity, key } = await serve(t)
    const disk = mkdtempSync(join(tmpdir(), 'test-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tiny', disk])
    const state = stateIn(join(disk, 'state'))
    state.writeIdentity(identity)
    writeSynced(state.path('key.pem'), key)
    const world = new World()
    new Parts(state, world.types, '1').catalog.write(catalogOf('a'))
    const filler = join(disk, 'filler')
    assert.throws(() => writeFileSync(filler, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' })

    const stop = new AbortController()
    const said: string[] = []
    const note = (line: string) => void said.push(line)
    const running = runProgram(
      { name: 'trivet-agent', version: '1', summary: '', commands: agentCommands },
      ['run', '--state', state.dir],
      {
        output: { json: note, jsonl: note, table: () => {}, line: note, note },
        interrupted: () => stop.signal,
        upgradeKey: undefined,
        types: world.types,
        version: '1',
        environment: {},
        openLog: async () => note,
        readInput: async () => '',
        loadBridge: () => assert.fail('no bridge here'),
        compileHere: () => assert.fail('nothing is compiled here'),
      },
    )
    t.after(async () => {
      stop.abort()
      assert.equal(await running, 0)
      execFileSync('umount', ['--lazy', disk])
      rmdirSync(disk)
    })

    await fake.letIn(identity)
    const { report } = await fake.hears('report')
    assert.match(report.run.error ?? '', /daemon\.lock\S* cannot be used: ENOSPC.*Make room/)
    assert.deepEqual([report.run.outcome, world.deeds], ['failed', []])
    assert.match(said[0] ?? '', /ENOSPC.*Until then nothing is changed here/)
    fake.send({ type: 'stored', run: report.run.id })

    rmSync(filler)
    fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: Date.now() + 60_000 })
    const second = (await fake.hears('report', 2)).report.run
    assert.deepEqual([second.outcome, second.orders, world.deeds], ['changed', ['o1'], ['apply a']])
    assert(existsSync(state.path('daemon.lock')))
  },
)
