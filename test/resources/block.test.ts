import assert from 'node:assert/strict'
import { test } from 'node:test'
import { block } from '../../resources/block.ts'
import { FakeHost } from '../helpers/converges.ts'
import { edited } from '../helpers/edits.ts'

const host = new FakeHost()
const content = host.blob('1 a\n2 b\n')
const marked = '# begin cluster (Trivet)\n1 a\n2 b\n# end cluster (Trivet)\n'
const fresh = () => {
  const one = new FakeHost()
  one.blob('1 a\n2 b\n')
  one.blob('')
  one.blob('crlf\r\nlast')
  one.blob('# end cluster (Trivet)')
  return one
}

test('block is added between its marks, and follows its content where it stands', async (t) => {
  assert.equal(await edited(t, block, null, 'cluster', { content }, fresh()), marked)
  assert.equal(await edited(t, block, 'x', 'cluster', { content }, fresh()), `x\n${marked}`)
  const old = 'x\n# begin cluster (Trivet)\nold\n# end cluster (Trivet)\ny'
  assert.equal(await edited(t, block, old, 'cluster', { content }, fresh()), `x\n${marked}y`)
  assert.equal(await edited(t, block, `${marked}y`, 'cluster', { content }, fresh()), `${marked}y`)
})

test('block may be empty, begin comments otherwise, and go to a place', async (t) => {
  const empty = { content: host.blob(''), comment: '<!--', commentEnd: '-->', before: '^</x>' }
  assert.equal(
    await edited(t, block, '<x>\n</x>\n', 'a', empty, fresh()),
    '<x>\n<!-- begin a (Trivet) -->\n<!-- end a (Trivet) -->\n</x>\n',
  )
  const crlf = { content: host.blob('crlf\r\nlast') }
  assert.equal(
    await edited(t, block, 'x\r\n', 'a', crlf, fresh()),
    'x\r\n# begin a (Trivet)\r\ncrlf\r\nlast\r\n# end a (Trivet)\r\n',
  )
})

test('block that is absent goes with its marks, and others stay', async (t) => {
  const other = '# begin other (Trivet)\n# end other (Trivet)\n'
  assert.equal(await edited(t, block, `x\n${marked}${other}`, 'cluster', { ensure: 'absent' }), `x\n${other}`)
  assert.equal(await edited(t, block, 'x', 'cluster', { ensure: 'absent' }), 'x')
})

test('block refuses marks that do not make one block', async (t) => {
  const cases: [string, RegExp][] = [
    ['# begin cluster (Trivet)\nx\n', /one is missing, or they are the wrong way round/],
    ['# end cluster (Trivet)\nx\n', /one is missing/],
    ['# end cluster (Trivet)\n# begin cluster (Trivet)\n', /the wrong way round/],
    [marked + marked, /the line '# begin cluster \(Trivet\)' is there more than once/],
  ]
  for (const [text, error] of cases)
    await assert.rejects(edited(t, block, text, 'cluster', { content }, fresh()), error)
  const sly = { content: host.blob('# end cluster (Trivet)') }
  await assert.rejects(edited(t, block, '', 'cluster', sly, fresh()), /the content of the block holds its own marks/)
})

test('block must know what is in it', () => {
  assert.match(block.problem?.('/a#b', block.props.parse({}), {}) ?? '', /needs content/)
  assert.match(
    block.problem?.('/a#b', block.props.parse({ content, ensure: 'absent' }), {}) ?? '',
    /has none when absent/,
  )
})
