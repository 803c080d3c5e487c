import assert from 'node:assert/strict'
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { defineResource, differences } from '../../resources/define.ts'
import { nodeIn, resource, World } from './tiny.ts'

const calls = [
  'openSync',
  'closeSync',
  'writeFileSync',
  'appendFileSync',
  'fsyncSync',
  'renameSync',
  'linkSync',
  'rmSync',
] as const

/** Lets the process die at its n-th call that touches the disk: half of what it writes is written, and nothing after it happens. */
async function dyingAt(n: number, work: () => Promise<unknown>) {
  const original = Object.fromEntries(calls.map((name) => [name, fs[name]]))
  let count = 0
  for (const name of calls) {
    const call = fs[name]
    const dying = (...args: unknown[]) => {
      count++
      if (count < n) return Reflect.apply(call, fs, args)
      if (count === n && typeof args[1] === 'string' && name.endsWith('FileSync')) {
        Reflect.apply(call, fs, [args[0], args[1].slice(0, args[1].length / 2), ...args.slice(2)])
      }
      throw new Error('dead')
    }
    Object.assign(fs, { [name]: dying })
  }
  syncBuiltinESMExports()
  try {
    await work().catch(() => {}) // It is dead.
  } finally {
    Object.assign(fs, original)
    syncBuiltinESMExports()
  }
  return count >= n
}

/** A configuration in a file, and a service that has loaded it or not. */
function typesIn(dir: string) {
  const read = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : undefined)
  const conf = defineResource({
    type: 'conf',
    summary: '',
    name: z.string(),
    props: z.strictObject({ value: z.string() }),
    check: (name, want) => differences({ value: read(name) }, want),
    apply: (name, want) => writeFileSync(join(dir, name), want.value),
    actions: { load: async (name) => writeFileSync(join(dir, `${name}.loaded`), read(name) ?? '') },
  })
  return { conf, read }
}

test('an agent that dies at any of its calls loses no restart, no change and no report, and the next run makes all right', async () => {
  let deaths = 0
  for (let n = 1, died = true; died; n++) {
    const dir = mkdtempSync(join(tmpdir(), 'test-'))
    const { conf, read } = typesIn(dir)
    const resources = ['a', 'b'].map((name) =>
      resource(name, {
        type: 'conf',
        props: { value: 'what is wanted' },
        notifies: [{ action: 'load', target: 'conf[a]' }],
      }),
    )
    const world = new World()
    world.types.conf = conf
    died = await dyingAt(n, () => nodeIn(dir, world, resources).runs({ orders: ['o1'] }))
    if (died) deaths++
    const changedBefore = read('a') !== undefined

    rmSync(join(dir, 'lock'), { force: true })
    const reborn = nodeIn(dir, world, resources)
    await reborn.runs()
    for (const name of ['a', 'b', 'a.loaded']) assert.equal(read(name), 'what is wanted', `${name} after death at ${n}`)
    const last = await reborn.run()
    assert.deepEqual([last.run.outcome, last.run.owed], ['unchanged', []], `after death at ${n}`)

    const reports = reborn.spool.names().map((name) => reborn.spool.read(name)?.run)
    assert.equal(new Set(reports.map((run) => run?.id)).size, reports.length)
    if (changedBefore) assert.equal(reports.length, 3, `death at ${n} is reported`)
    const answers = reports.filter((run) => run?.orders.includes('o1'))
    for (const run of answers) assert.equal(run?.outcome, 'changed', `death at ${n}`)
    rmSync(dir, { recursive: true })
  }
  assert(deaths > 30, `only ${deaths} places to die`)
})
