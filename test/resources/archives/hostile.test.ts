import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { apply, scene } from '../archive-scene.ts'
import { type Piece, tarOf, zipOf } from '../packing.ts'

const hostile: [string, Piece[], RegExp][] = [
  ['a path upwards', [{ path: 'a/../../x' }], /"a\/\.\.\/\.\.\/x", which leads out/],
  ['an absolute path', [{ path: '/etc/x' }], /"\/etc\/x", which leads out/],
  ['a link upwards', [{ path: 'a', type: 'SymbolicLink', to: '../x' }], /a link to "\.\.\/x", which leads out/],
  ['an absolute link', [{ path: 'a', type: 'SymbolicLink', to: '/etc' }], /a link to "\/etc", which leads out/],
  [
    'a link out by way of another',
    [
      { path: 'x/y/up', type: 'SymbolicLink', to: '../..' },
      { path: 'out', type: 'SymbolicLink', to: 'x/y/up/../etc' },
    ],
    /out, a link to "x\/y\/up\/\.\.\/etc", which leads out/,
  ],
  [
    'links in a circle',
    [
      { path: 'a', type: 'SymbolicLink', to: 'b' },
      { path: 'b', type: 'SymbolicLink', to: 'a' },
    ],
    /leads in a circle/,
  ],
  [
    'a file through a link',
    [
      { path: 'd', type: 'SymbolicLink', to: '.' },
      { path: 'd/x', text: 'x' },
    ],
    /d\/x below d, which is a link/,
  ],
  [
    'a file in the place of a link',
    [
      { path: 'd', type: 'SymbolicLink', to: 'e' },
      { path: 'd', text: 'x' },
    ],
    /has d twice, as link and as file/,
  ],
  ['a hard link outwards', [{ path: 'a', type: 'Link', to: '../../etc/passwd' }], /which leads out/],
  ['a hard link to what is not in it', [{ path: 'a', type: 'Link', to: 'etc/passwd' }], /which is no file before it/],
  [
    'a hard link to a link',
    [
      { path: 'l', type: 'SymbolicLink', to: 'x' },
      { path: 'a', type: 'Link', to: 'l' },
    ],
    /a hard link to l, which is no file before it/,
  ],
  ['a device', [{ path: 'sda', type: 'BlockDevice' }], /has sda, a BlockDevice/],
  ['a pipe', [{ path: 'pipe', type: 'FIFO' }], /has pipe, a FIFO/],
  ['a marker of its own', [{ path: '.trivet-archive', text: '{}' }], /EEXIST/],
]

for (const [what, pieces, message] of hostile) {
  test(`archive refuses ${what}`, async (t) => {
    const { dir, path, file } = await scene(t, 'app.tar', tarOf([{ path: 'fine', text: 'fine' }, ...pieces]))
    await assert.rejects(apply(path, { file }), message)
    assert.deepEqual(readdirSync(dir), [], 'something was left')
  })
}

test('archive refuses the same of a zip', async (t) => {
  const refused = async (pieces: Parameters<typeof zipOf>[0], message: RegExp) => {
    const { dir, path, file } = await scene(t, 'app.zip', zipOf(pieces))
    await assert.rejects(apply(path, { file }), message)
    assert.deepEqual(readdirSync(dir), [])
  }
  await refused([{ path: '../x' }], /invalid relative path: \.\.\/x/)
  await refused([{ path: '/x' }], /absolute path: \/x/)
  await refused([{ path: 'x', type: 'SymbolicLink', to: '../../etc' }], /a link to "\.\.\/\.\.\/etc", which leads out/)
  await refused([{ path: 'x', type: 'CharacterDevice' }], /has x, a special file/)
  await refused([{ path: 'x', text: 'long', claims: 1 }], /size/)
})
