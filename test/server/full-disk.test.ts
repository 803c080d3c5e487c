import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ApiFailure } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { startServer } from '../../server/server.ts'
import { poorDisk } from '../helpers/poor-disk.ts'
import { serve, type Served } from '../helpers/test-server.ts'
import { until } from '../helpers/until.ts'

/** So long that no page has room for it. */
const long = 'long '.repeat(10_000)

async function changeRecipe({ options }: Served) {
  const path = join(options.recipes, 'word', 'word.ts')
  await writeFile(path, `${await readFile(path, 'utf8')}// ${long}\n`)
}

test('a changed recipe that could not be kept is an error, and comes into force once there is room', async (t) => {
  const disk = poorDisk(t)
  const served = await serve(t)
  const before = await served.client.call(api.whoami, {})
  disk.refuse()
  await changeRecipe(served)
  const errors = async () => (await served.client.call(api.whoami, {})).sourceErrors
  const told = await until('it is an error', async () => (await errors())[0])
  assert.match(told, /not in force yet, and is tried again: attempt to write a readonly database/)
  disk.mend()
  await until('it is in force', async () => (await errors()).length === 0)
  assert.notEqual((await served.client.call(api.whoami, {})).revision, before.revision)
})

test('what finds no room is refused as that, and taken once there is', async (t) => {
  const disk = poorDisk(t)
  const { client } = await serve(t)
  const set = () => client.call(api.setAttribute, { scope: 'clusters', name: 'default', key: 'word.word', value: long })
  disk.fill()
  await assert.rejects(set, (error) => error instanceof ApiFailure && error.code === 'storage-full')
  disk.mend()
  await set()
})

test('a start on a full disk says which, and what to do', async (t) => {
  const disk = poorDisk(t)
  const served = await serve(t)
  await served.close()
  await changeRecipe(served)
  disk.fill()
  await assert.rejects(startServer(served.options), {
    name: 'StartError',
    message: `The disk of the data directory ${served.options.data} is full: database or disk is full. Make room there, and start again.`,
  })
  disk.mend()
  await (await startServer(served.options)).close()
})
