import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'esbuild'
import { parseOptions } from '../../cli/parse.ts'
import { server } from '../../server/main.ts'
import { parts } from '../../packaging/server/tree.ts'

const house = join(import.meta.dirname, '../..')

function serverLine() {
  const unit = readFileSync(join(house, 'packaging/server/trivet-server.service'), 'utf8')
  return /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? ''
}

test('all that trivet imports is in the package', async () => {
  const { metafile } = await build({
    absWorkingDir: house,
    entryPoints: ['cli/main.ts'],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  })
  const files = Object.keys(metafile.inputs).filter((file) => file !== 'package.json')
  assert(files.includes('server/main.ts'))
  assert.deepEqual(
    files.filter((file) => !parts.some((part) => file.startsWith(`${part}/`))),
    [],
  )
})

test('the folder of agents in TRIVET_SERVER_FLAGS takes the place of that of the unit', () => {
  const [, ...words] = serverLine().replace('$TRIVET_SERVER_FLAGS', '--agents /srv/trivet-agents').split(' ')
  assert.equal(words.filter((word) => word === '--agents').length, 2)
  assert.equal(parseOptions(server, words.slice(1)).agents, '/srv/trivet-agents')
})

test('the unit gives no flag that the server does not take', () => {
  const flags = [...serverLine().matchAll(/ --([\w-]+)/g)].map(([, flag = '']) => flag)
  assert(flags.includes('data'))
  assert.deepEqual(
    flags.filter((flag) => !(flag in (server.flags ?? {}))),
    [],
  )
})
