import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { z } from 'zod'
import type { ResourceType } from '../../resources/define.ts'
import { FakeHost, tempDir } from './converges.ts'

/**
 * What becomes of a file of this text (null: none is there) where the resource is named `FILE#what`: applied once, after which nothing
 * differs any more. The old bytes are kept, and nothing is left beside the file.
 */
export async function edited<Props extends z.ZodType>(
  t: TestContext,
  type: ResourceType<Props>,
  before: string | null,
  what: string,
  props: z.input<Props>,
  host = new FakeHost(),
) {
  const path = join(await tempDir(t), 'file')
  if (before !== null) writeFileSync(path, before)
  const name = type.name.parse(`${path}#${what}`)
  const want = type.props.parse(props)
  assert.equal(type.problem?.(name, want, {}), undefined)
  assert.equal(type.edits?.(name, want), path)
  const changes = await type.check(name, want, host)
  await type.apply(name, want, host, changes)
  const after = existsSync(path) ? readFileSync(path, 'utf8') : null
  assert.equal(changes.length === 0, before === after, 'what check finds is not what apply does')
  assert.deepEqual(await type.check(name, want, host), [], 'a second check still finds changes')
  if (before !== null && before !== after) assert.deepEqual([...host.kept.values()].map(String), [before])
  return after
}
