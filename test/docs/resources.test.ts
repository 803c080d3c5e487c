import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { resourcesPage } from '../../docs/generate.ts'
import { Common, sha256 } from '../../protocol/catalog.ts'
import { defineResource, type ResourceType } from '../../resources/define.ts'
import { resourceTypes } from '../../resources/index.ts'

const types: [string, ResourceType][] = Object.entries(resourceTypes)
const page = new URL('../../docs/resources.md', import.meta.url)

test('the reference of resources is as the schemas say', () => {
  assert.equal(
    readFileSync(page, 'utf8'),
    resourcesPage(types.map(([, type]) => type)),
    'docs/resources.md is stale: npm run docs',
  )
})

test('what a list or a map holds is named in the plural once, and a type without props says so', () => {
  const schemas = {
    nested: z.strictObject({ options: z.record(z.string(), z.union([z.string(), z.array(z.int())])) }),
    none: z.strictObject({}),
  }
  const [nested, none] = Object.entries(schemas).map(([type, props]) =>
    resourcesPage([
      defineResource({ type, summary: '', name: z.string(), props, check: async () => [], apply: async () => {} }),
    ]),
  )
  assert.match(nested ?? '', /\| map of strings or list of integers +\|/)
  assert.match(none ?? '', /It has no props of its own\./)
})

test('every type is listed under its own name and describes every prop', () => {
  for (const [key, { type, props }] of types) {
    assert.equal(type, key)
    const { properties = {} } = z.toJSONSchema(props, { io: 'input' })
    for (const [prop, schema] of Object.entries(properties))
      assert(typeof schema === 'object' && schema.description, `${type}.${prop} has no description`)
  }
})

test('no type takes a name that begins with a dash', () => {
  for (const [, type] of types)
    for (const name of ['-', '-x', '--help'])
      assert.equal(type.name.safeParse(name).success, false, `${type.type}[${name}]`)
})

const blob = (text: string) => ({ sha256: sha256(text), bytes: text.length })

for (const [, type] of types) {
  test(`the example of ${type.type} is a resource that its schema takes`, () => {
    const declared: string[] = []
    const declare = (name: string, props: Record<string, unknown> = {}) => {
      const commonKeys = [...Object.keys(Common.shape), 'notifies']
      const given = Object.entries(props).filter(([key]) => !commonKeys.includes(key))
      const own = Object.fromEntries(
        given.map(([key, value]) => [
          key,
          type.blobs?.some((prop: string) => prop === key) && typeof value === 'string' ? blob(value) : value,
        ]),
      )
      const want = type.props.parse(own)
      assert.equal(type.problem?.(type.name.parse(name), want, {}), undefined)
      declared.push(name)
    }
    // oxlint-disable-next-line typescript/no-implied-eval -- the examples are ours, and are to be run as they are read
    const run = new Function('declared', `with (declared) { ${type.example ?? ''} }`)
    const others = Object.fromEntries(types.map(([other]) => [other, () => {}]))
    run({
      ...others,
      [type.type]: declare,
      template: blob,
      source: blob,
      text: blob,
      folder: () => ({ page: blob('page') }),
    })
    assert(declared.length > 0)
  })
}

/** Theirs would be a cluster, the reboot of a node, disks that a lab has not, and half a gigabyte of swap: other tests see them at work. */
const notRun = ['gate', 'reboot', 'logical_volume', 'file_system', 'swap']

test('the example of every type is run on a lab node', () => {
  const folder = new URL('../e2e/resources/', import.meta.url)
  const tests = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const isRun = (type: string) => tests.some((text) => new RegExp(`example(Of)?\\('${type}'\\)`).test(text))
  assert.deepEqual(
    types.map(([key]) => key).filter((type) => !isRun(type)),
    notRun,
  )
})
