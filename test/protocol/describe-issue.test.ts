import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { describeIssues } from '../../protocol/describe-issue.ts'

const ids = z.templateLiteral([z.string(), '[', z.string(), ']'])
const schema = z.strictObject({
  mode: z
    .string()
    .regex(/^[0-7]{4}$/, "must be four octal digits, such as '0644'")
    .optional(),
  ensure: z.enum(['present', 'absent']).optional(),
  count: z.int().min(1).max(5).optional(),
  words: z.array(z.string()).nonempty().optional(),
  either: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  ids: z.record(z.string(), z.union([ids, z.array(ids)])).optional(),
  keyed: z.record(z.string().regex(/^a/, 'must begin with a'), z.string()).optional(),
  kind: z.discriminatedUnion('type', [z.object({ type: z.literal('x') })]).optional(),
})

function told(value: unknown, shape: z.ZodType = schema) {
  const { error } = shape.safeParse(value)
  assert(error)
  const [shown, withheld] = [describeIssues(error, { value }), describeIssues(error)]
  return shown.map((line, index) => (line === withheld[index] ? line : `${line} / ${withheld[index]}`)).join('; ')
}

test('an issue says what must be and what is, and not what may be secret', () => {
  assert.equal(told({ mode: 420 }), 'mode: must be text, not the number 420 / mode: must be text, not a number')
  assert.match(told({ mode: 'abc' }), /^mode: must be four octal digits, such as '0644', not "abc" \/ .*'0644'$/)
  assert.match(
    told({ ensure: 'presnt' }),
    /^ensure: must be one of present, absent, not "presnt"\. Did you mean present\?/,
  )
  assert.match(told({ count: 1.5 }), /^count: must be a whole number, not the number 1\.5/)
  assert.match(told({ count: 7 }), /^count: must be at most 5, not the number 7/)
  assert.equal(told({ words: [] }), 'words: must have at least 1 entry')
  assert.match(told({ words: [null] }), /^words\.0: must be text, not null/)
  assert.equal(told({ nonsense: 1 }), 'has nonsense, which there is not')
  assert.match(told({ kind: { type: 'y' } }), /^kind\.type: must be of a kind that there is/)
  assert.equal(told({ keyed: { b: 'x' } }), 'keyed.b: its key must begin with a')
})

test('of several that would do, the nearest says what is wrong, or all say what they take', () => {
  assert.match(told({ either: [1] }), /^either\.0: must be text, not the number 1/)
  assert.equal(told({ either: [] }), 'either: must have at least 1 entry')
  assert.match(told({ either: 5 }), /^either: must be text or a list, not the number 5/)
  assert.match(told({ ids: { restart: 'nginx' } }), /^ids\.restart: must be text such as service\[web\], not "nginx"/)
})

test('what is missing is told so', () => {
  const needed = z.object({ a: z.string(), b: z.union([z.string(), z.int()]), c: z.enum(['x', 'y']) })
  assert.match(
    told({}, needed),
    /^a: is missing; it must be text; b: is missing; .*c: is missing; it must be one of x, y/,
  )
})
