import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { z } from 'zod'
import { sha256 } from '../../../protocol/catalog.ts'
import { line } from '../../../resources/line.ts'
import { edited } from '../../helpers/edits.ts'
import { assertConverges, FakeHost, tempDir } from '../../helpers/converges.ts'

const props = { line: 'x' }

async function refused(path: string, more: z.input<typeof line.props> = props) {
  const want = line.props.parse(more)
  const host = new FakeHost()
  return line.apply(`${path}#x`, want, host, await line.check(`${path}#x`, want, host))
}

function change(before: string, after: string) {
  return `content: ${sha256(before)} → ${sha256(after)}`
}

test('an edit keeps line breaks of Windows and a byte order mark', async (t) => {
  assert.equal(await edited(t, line, 'a\r\nb\r\n', 'x', props), 'a\r\nb\r\nx\r\n')
  assert.equal(await edited(t, line, 'x\r\nb', 'x', props), 'x\r\nb')
  assert.equal(await edited(t, line, '\uFEFFx\nb\n', 'x', props), '\uFEFFx\nb\n')
  assert.equal(await edited(t, line, '\uFEFFa\n', 'x', props), '\uFEFFa\nx\n')
})

test('an edit refuses what is no text, mixes line breaks or is too large, and leaves it alone', async (t) => {
  const dir = await tempDir(t)
  const cases: [string, Buffer | string, RegExp][] = [
    ['binary', Buffer.from([1, 0, 2]), /binary: it is no text, since it holds NUL bytes/],
    ['latin1', Buffer.from([0x67, 0xfc, 10]), /latin1: it is no text in UTF-8\. Convert it, for example by iconv/],
    ['mixed', 'a\r\nb\n', /mixed: some of its lines end in CR LF and some in LF/],
    [
      'large',
      Buffer.alloc(17 * 1024 * 1024, 'a'),
      /large has 17825792 bytes; what is edited may have 16777216 at most/,
    ],
  ]
  for (const [name, bytes, error] of cases) {
    writeFileSync(join(dir, name), bytes)
    await assert.rejects(refused(join(dir, name)), error)
    assert.deepEqual(readFileSync(join(dir, name)), Buffer.from(bytes))
  }
})

test('an edit follows no link, and takes no directory for a file', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'real'), 'precious\n')
  symlinkSync('real', join(dir, 'link'))
  mkdirSync(join(dir, 'directory'))
  await assert.rejects(refused(join(dir, 'link')), /link is a link to real, which is not followed\. Name the file/)
  await assert.rejects(refused(join(dir, 'directory')), /directory is a directory, no file that could be edited/)
  assert.equal(readFileSync(join(dir, 'real'), 'utf8'), 'precious\n')
})

test('an edit keeps mode and owner of a file that is there, and gives those it is told to one it makes', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'secret')
  writeFileSync(path, 'a\n', { mode: 0o640 })
  const [, content] = await assertConverges(line, `${path}#x`, { ...props, mode: '0600' }, new FakeHost(), [
    'ensure: absent → present',
    change('a\n', 'a\nx\n'),
  ])
  assert.match(content?.diff ?? '', /^--- .*secret\n\+\+\+ .*secret\n@@ -1,1 \+1,2 @@\n a\n\+x\n$/)
  assert.equal(statSync(path).mode & 0o777, 0o640)
  assert.deepEqual(readdirSync(dir), ['secret'])
  const made = join(dir, 'made')
  await assertConverges(line, `${made}#x`, { ...props, mode: '0600' }, new FakeHost(), [
    'ensure: absent → present',
    `content: - → ${sha256('x\n')}`,
  ])
  assert.equal(statSync(made).mode & 0o777, 0o600)
})

test('an edit says what to do where the file or its directory is missing', async (t) => {
  const path = join(await tempDir(t), 'a', 'b')
  await assert.rejects(refused(path), /b cannot be written: its directory does not exist\. Declare it before the file/)
  mkdirSync(dirname(path))
  await assert.rejects(
    refused(path, { ...props, create: false }),
    /b does not exist, and `create` is false\. Declare what/,
  )
})

test('an edit tells whether its part was there, so that it is known who made it', async (t) => {
  const path = join(await tempDir(t), 'file')
  writeFileSync(path, 'old\n')
  const wanted = { line: 'new', match: '^old' }
  await assertConverges(line, `${path}#x`, wanted, new FakeHost(), [change('old\n', 'new\n')])
  await assertConverges(line, `${path}#y`, { line: 'y' }, new FakeHost(), [
    'ensure: absent → present',
    change('new\n', 'new\ny\n'),
  ])
  const unwanted = line.unwanted?.(line.props.parse({ line: 'y', match: 'new|y' })) ?? {}
  await assertConverges(line, `${path}#y`, { line: '', ...unwanted }, new FakeHost(), [
    'ensure: present → absent',
    change('new\ny\n', 'new\n'),
  ])
})
