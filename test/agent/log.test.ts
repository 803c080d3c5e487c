import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { Parts } from '../../agent/parts.ts'
import { stateIn, writeSynced } from '../../agent/kept/state.ts'
import { resourceTypes } from '../../resources/index.ts'
import { tempDir } from '../helpers/converges.ts'
import { until } from '../helpers/until.ts'
import { serve } from './fake-server.ts'

const Line = z.looseObject({ ts: z.iso.datetime({ precision: 3 }), level: z.string(), msg: z.string() })

test('the daemon, as it is started on nodes, logs one JSON a line, warnings of Node.js as well', async (t) => {
  const { fake, identity, key } = await serve(t)
  const state = stateIn(await tempDir(t))
  state.writeIdentity(identity)
  writeSynced(state.path('key.pem'), key)
  new Parts(state, resourceTypes, '1').catalog.write({ node: 'n1', resources: [] })
  mkdirSync(state.path('spool'), { recursive: true })
  writeFileSync(state.path('spool/000000000000001-00000000-0000-4000-8000-000000000001.json'), 'none')

  const child = spawn('bin/trivet-agent', ['run', '--state', state.dir], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await fake.letIn(identity)
  const { report } = await fake.hears('report')
  fake.send({ type: 'stored', run: report.run.id })
  await until('the run is told', () => log.includes('run over'))
  child.kill('SIGTERM')
  await once(child, 'close')

  const lines = log
    .trim()
    .split('\n')
    .map((line) => Line.parse(JSON.parse(line)))
  const of = (msg: RegExp) => lines.find((line) => msg.test(line.msg))
  assert.equal(of(/^connected to /)?.['node'], 'n1')
  assert.equal(of(/^run over$/)?.['run'], report.run.id)
  const damaged = of(/moved aside/)
  assert.deepEqual([damaged?.level, damaged?.['warning']], ['warn', 'Damaged'])
})
