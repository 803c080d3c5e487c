import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { link } from '../../resources/link.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'

async function apply(path: string, props: object) {
  const host = new FakeHost()
  const want = link.props.parse(props)
  await link.apply(path, want, host, await link.check(path, want, host))
}

test('link makes a link, also to what does not exist yet', async (t) => {
  const path = join(await tempDir(t), 'conf')
  await assertConverges(link, path, { target: '/etc/later' }, new FakeHost(), [
    'ensure: absent → present',
    'target: - → /etc/later',
  ])
  assert.equal(readlinkSync(path), '/etc/later')
})

test('link replaces an old link in one step, and one to a directory is not filled', async (t) => {
  const dir = await tempDir(t)
  mkdirSync(join(dir, 'v1'))
  symlinkSync('v1', join(dir, 'current'))
  await assertConverges(link, join(dir, 'current'), { target: 'v2' }, new FakeHost(), ['target: v1 → v2'])
  assert.deepEqual(readdirSync(dir).toSorted(), ['current', 'v1'])
  assert.deepEqual(readdirSync(join(dir, 'v1')), [])
})

test('link refuses a real file unless forced, and a full directory always', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'file'), 'precious')
  await assert.rejects(
    apply(join(dir, 'file'), { target: 'x' }),
    /is a file, not a link\. Remove it, or say `force: true`/,
  )
  assert.equal(readFileSync(join(dir, 'file'), 'utf8'), 'precious')
  await assertConverges(link, join(dir, 'file'), { target: 'x', force: true }, new FakeHost(), [
    'type: file → link',
    'target: - → x',
  ])

  mkdirSync(join(dir, 'full', 'inner'), { recursive: true })
  await assert.rejects(apply(join(dir, 'full'), { target: 'x', force: true }), /ENOTEMPTY/)
  mkdirSync(join(dir, 'empty'))
  await assertConverges(link, join(dir, 'empty'), { target: 'x', force: true }, new FakeHost(), [
    'type: directory → link',
    'target: - → x',
  ])
})

test('link removes a link and not what it leads to', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'file'), 'precious')
  symlinkSync('file', join(dir, 'link'))
  await assertConverges(link, join(dir, 'link'), { ensure: 'absent' }, new FakeHost(), ['ensure: present → absent'])
  assert(lstatSync(join(dir, 'file')).isFile())
})

test('link must know where it leads', () => {
  assert.match(link.problem?.('/a', link.props.parse({}), {}) ?? '', /needs a target/)
  assert.equal(link.problem?.('/a', link.props.parse({ target: 'b' }), {}), undefined)
})
