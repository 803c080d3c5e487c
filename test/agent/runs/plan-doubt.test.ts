import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { changesOf } from '../../../protocol/events.ts'
import { defineResource } from '../../../resources/define.ts'
import { directory } from '../../../resources/directory.ts'
import { exec } from '../../../resources/exec.ts'
import { file } from '../../../resources/file.ts'
import { probe } from '../../../resources/probe.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

const world = () => {
  const one = new World()
  Object.assign(one.types, { directory, exec, file })
  return one
}
const dir = (name: string, given = {}) =>
  resource(name, { type: 'directory', props: { ensure: 'present', force: false }, ...given })
const text = (name: string, props = {}) => resource(name, { type: 'file', props: { ensure: 'present', ...props } })

async function planOf(at: string, given: World, resources: Parameters<typeof nodeIn>[2]) {
  const { run, events } = await nodeIn(join(at, 'state'), given, resources).run({ mode: 'plan' })
  assert.equal(run.error, undefined)
  return shownEvents(events).map((line) => line.replaceAll(at, ''))
}

test('what stands on something that a guard decides is unknown, and so is the rest of its recipe', async (t) => {
  const at = await tempDir(t)
  const plan = await planOf(at, world(), [
    dir(`${at}/guarded`, { onlyIf: ['true'] }),
    text(`${at}/guarded/file`),
    text(`${at}/beside`),
    text(`${at}/elsewhere`, {}),
  ])
  assert.deepEqual(plan, [
    'unknown directory[/guarded]: it differs, but its guard is a command, and a plan runs none',
    'unknown file[/guarded/file]: it is not known whether directory[/guarded] is made above it',
    'unknown file[/beside]: it is skipped if file[/guarded/file] fails before it in recipe main',
    'unknown file[/elsewhere]: it is skipped if file[/guarded/file] fails before it in recipe main',
  ])
})

test('what is skipped perhaps, and fails otherwise, puts its own recipe in doubt', async (t) => {
  const at = await tempDir(t)
  const plan = await planOf(at, world(), [
    dir(`${at}/guarded`, { onlyIf: ['true'] }),
    text(`${at}/guarded/file`),
    resource(`${at}/nowhere/file`, {
      type: 'file',
      recipe: 'other',
      props: { ensure: 'present' },
      requires: [`file[${at}/guarded/file]`],
    }),
    resource(`${at}/beside`, { type: 'file', recipe: 'other', props: { ensure: 'present' } }),
  ])
  assert.equal(plan[3], 'unknown file[/beside]: it is skipped if file[/nowhere/file] fails before it in recipe other')
})

test('links that lead in a circle make a plan of what is behind them fail, and no more', async (t) => {
  const at = await tempDir(t)
  symlinkSync(`${at}/two`, `${at}/one`)
  symlinkSync(`${at}/one`, `${at}/two`)
  const plan = await planOf(at, world(), [dir(`${at}/guarded`, { onlyIf: ['true'] }), text(`${at}/one/file`)])
  assert.match(plan[1] ?? '', /^failed file\[\/one\/file\]: ELOOP/)
})

test('a guard on what cannot fail leaves the rest of its recipe as sure as it is', async (t) => {
  const at = await tempDir(t)
  const plan = await planOf(at, world(), [dir(`${at}/guarded`, { onlyIf: ['true'] }), text(`${at}/beside`)])
  assert.deepEqual(
    plan.map((line) => line.replace(/:.*/, '')),
    ['unknown directory[/guarded]', 'would-change file[/beside]'],
  )
})

test('what is to be absent may be brought by what is made above it', async (t) => {
  const at = await tempDir(t)
  const plan = await planOf(at, world(), [
    resource('make', {
      type: 'exec',
      props: { argv: ['true'], creates: `${at}/made`, refreshOnly: false, exitCodes: [0] },
    }),
    text(`${at}/unwanted`, { ensure: 'absent' }),
    text(`${at}/wanted`),
  ])
  assert.deepEqual(plan, [
    'would-change exec[make]',
    'unknown file[/unwanted]: exec[make], made before it, may bring what it does not want',
    'would-change file[/wanted]',
  ])
})

test('a failure that nothing brought above can mend is told as one', async (t) => {
  const at = await tempDir(t)
  const plan = await planOf(at, world(), [
    resource('make', {
      type: 'exec',
      props: { argv: ['true'], creates: `${at}/made`, refreshOnly: false, exitCodes: [0] },
    }),
    text(`${at}/file`),
    text(`${at}/file/below`),
    text(`${at}/nowhere/below`, {}),
  ])
  assert.match(plan[2] ?? '', /^failed file\[\/file\/below\]: .*its directory is not a directory/)
})

test('what an unknown resource notifies is unknown too, and what another asks for is sure', async (t) => {
  const given = world()
  for (const name of ['b', 'c']) given.values.set(name, 'on')
  const plan = await planOf(await tempDir(t), given, [
    resource('a', { unless: ['false'], notifies: [restart('b'), restart('c')] }),
    resource('b'),
    resource('c'),
    resource('d', { notifies: [restart('c')] }),
  ])
  assert.deepEqual(plan.slice(2), [
    'unknown restart thing[b]: it is not known whether thing[a] is made',
    'would-change restart thing[c]',
  ])
})

test('a start that is not sure leaves it open whether a restart is still owed', async (t) => {
  const given = world()
  given.values.set('s', 'off')
  const plan = await planOf(await tempDir(t), given, [
    resource('a', { notifies: [restart('s')] }),
    resource('s', { unless: ['false'], props: { value: 'started' } }),
  ])
  assert.deepEqual(plan.slice(2), ['unknown restart thing[s]: it is not known whether thing[s] is made'])
})

/** Makes the first of two directories, and fails at the second. */
const pair = defineResource({
  type: 'pair',
  summary: '',
  name: z.string(),
  props: z.strictObject({}),
  check: (name, _want, { files }) =>
    ['1', '2'].filter((one) => !files.stat(name + one)).map((what) => ({ what, from: null, to: 'there' })),
  apply(name, _want, { files }) {
    if (!files.stat(`${name}1`)) files.makeDirectory(`${name}1`, { mode: 0o755, uid: 0, gid: 0 })
    throw new Error('no more')
  },
})

const failing = (name: string, more: object) => resource(name, { type: 'pair', recipe: name, props: {}, ...more })

test('a failure in whose middle something was made owes what it notifies, and one that made nothing does not', async (t) => {
  const at = await tempDir(t)
  const given = world()
  given.types['pair'] = pair
  for (const name of ['b', 'c']) given.values.set(name, 'on')
  const plan = await planOf(at, given, [
    dir(`${at}/done1`),
    failing(`${at}/half`, { notifies: [restart('b')] }),
    failing(`${at}/done`, { notifies: [restart('c')] }),
    resource('b'),
    resource('c'),
  ])
  assert.deepEqual(plan, [
    'would-change directory[/done1]',
    'failed pair[/half]: no more',
    'failed pair[/done]: no more',
    'would-change restart thing[b]',
  ])
})

const one = (name: string, more = {}) => resource(name, { type: 'package', ...more })

test('neighbours are foreseen together, as a converge makes them', async (t) => {
  const given = world()
  const asked: string[][] = []
  given.types['package'] = defineResource({
    type: 'package',
    summary: '',
    name: z.string(),
    props: z.strictObject({ value: z.string() }),
    check: (_name, { value }) => [{ what: 'value', from: null, to: value }],
    apply: () => {},
    applyMany: async () => new Map(),
    effectsMany: async (items) => {
      asked.push(items.map(({ name }) => name))
      return new Map(items.some(({ name }) => name === 'b') ? [['b', new Error('no')]] : [])
    },
  })
  const plan = await planOf(await tempDir(t), given, [
    one('a'),
    one('b'),
    one('c'),
    one('d', { recipe: 'other' }),
    one('e', { recipe: 'other', requires: ['package[d]'] }),
  ])
  assert.deepEqual(asked, [['a', 'b', 'c'], ['d'], ['e']])
  assert.deepEqual(plan, [
    'would-change package[a]',
    'failed package[b]: no',
    'would-change package[c]',
    'would-change package[d]',
    'would-change package[e]',
  ])
})

test('what is unknown shows what it would change, but for what is sensitive', async (t) => {
  const at = await tempDir(t)
  const guarded = { onlyIf: ['true'] as [string] }
  const { events } = await nodeIn(join(at, 'state'), world(), [
    text(`${at}/a`, { mode: '0600' }),
    { ...text(`${at}/b`, { mode: '0600' }), ...guarded },
    { ...text(`${at}/c`, { mode: '0600' }), ...guarded, sensitive: true },
  ]).run({ mode: 'plan' })
  const [sure, unknown, sensitive] = events
  assert.deepEqual(
    events.map(({ outcome }) => outcome),
    ['would-change', 'unknown', 'unknown'],
  )
  assert(sure && unknown && sensitive)
  assert.deepEqual(changesOf(unknown), changesOf(sure))
  assert.deepEqual(
    changesOf(sensitive).map(({ to }) => to),
    ['(sensitive)', '(sensitive)'],
  )
})

const anHour = { withinMs: 3_600_000, everyMs: 500 }

test('a plan does not wait for a probe, neither below what is to be made nor alone', { timeout: 10_000 }, async (t) => {
  const at = await tempDir(t)
  const given = world()
  const ill = resource('web', { type: 'probe', props: { command: ['false'], ...anHour } })
  assert.deepEqual(await planOf(at, given, [dir(`${at}/made`), ill]), [
    'would-change directory[/made]',
    'unknown probe[web]: it asks what runs, and what stands above it is to be made first',
  ])
  assert.deepEqual(await planOf(at, given, [ill]), [
    'unknown probe[web]: it is not well now, and a plan does not wait the 3600000 ms in which it may come to be',
  ])
})

test('plans that differ only in how a probe says that it is not well are the same plan', async (t) => {
  const at = await tempDir(t)
  const seen: string[] = []
  const given = world()
  given.types['probe'] = defineResource({
    ...probe,
    check: () => [{ what: 'healthy', from: seen.pop() ?? '', to: 'yes' }],
  })
  const resources = [dir(`${at}/made`), resource('web', { type: 'probe', props: { tcp: { port: 1 }, ...anHour } })]
  const plans = []
  for (const said of ['connection refused', 'no answer']) {
    seen.push(said, said)
    plans.push((await nodeIn(join(at, 'state'), given, resources).run({ mode: 'plan' })).run.plan)
  }
  assert.equal(plans[0], plans[1])
})
