import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../helpers/converges.ts'
import type { AgentInfo } from '../shared/protocol.ts'
import { Checkpoint, incompatibility } from './checkpoint.ts'

const info: AgentInfo = {
  hostname: 'one',
  ip: '10.0.0.1',
  port: 5051,
  resources: { cpus: 2, mem: 1024, disk: 100, gpus: 0, ports: [[31_000, 32_000]] },
  attributes: { rack: 'a' },
}

test('an agent is the same one after a restart, and a new one when its latest was removed', async (t) => {
  const dir = await tempDir(t)
  new Checkpoint(dir).keep('m-S0', info)
  const again = new Checkpoint(dir)
  assert.deepEqual([again.recover(), again.id, again.isOfEarlierBoot], [info, 'm-S0', false])
  rmSync(join(dir, 'meta/slaves/latest'))
  const anew = new Checkpoint(dir)
  assert.deepEqual([anew.recover(), anew.id], [undefined, undefined])
})

test('with the policy equal nothing of its identity may change, its address may', () => {
  assert.equal(incompatibility(info, { ...info, ip: '10.0.0.2' }, 'equal'), undefined)
  for (const change of [
    { hostname: 'two' },
    { port: 5052 },
    { attributes: {} },
    { resources: { ...info.resources, cpus: 4 } },
  ])
    assert.match(incompatibility(info, { ...info, ...change }, 'equal') ?? '', /^Incompatible agent info detected\./)
})

test('with the policy additive more is good, less is not, and its name stays', () => {
  const more = { ...info, attributes: { rack: 'a', zone: 'b' }, resources: { ...info.resources, cpus: 4 } }
  assert.equal(incompatibility(info, more, 'additive'), undefined)
  assert.notEqual(incompatibility(more, info, 'additive'), undefined)
  assert.notEqual(incompatibility(info, { ...info, hostname: 'two' }, 'additive'), undefined)
})
