import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stateIn } from '../../../agent/kept/state.ts'
import { Parts } from '../../../agent/parts.ts'
import { type CatalogResource, sha256 } from '../../../protocol/catalog.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { tempDir } from '../../helpers/converges.ts'
import { resource } from '../tiny.ts'

test('the bytes of what was made stay on the node until it is cleaned up, whatever the catalog names', async (t) => {
  const dir = await tempDir(t)
  const state = stateIn(join(dir, 'state'))
  const parts = () => new Parts(state, resourceTypes, '1.0.0')
  const hash = sha256('ours')
  const content = { sha256: hash, bytes: 4 }
  const file: CatalogResource = { ...resource(join(dir, 'a')), type: 'file', props: { content } }
  const converge = async (resources: CatalogResource[], cleanup: 'keep' | 'remove') => {
    const agent = parts()
    agent.catalog.write({ node: 'n1', resources, policies: { main: { cleanup } } })
    await agent.runner.run({ mode: 'converge', trigger: 'manual', orders: [] })
  }
  const isThereLongAfter = () => {
    utimesSync(state.path('blobs', hash.slice(0, 2), hash), 1, 1)
    const agent = parts()
    agent.prune(undefined)
    return agent.blobs.has(hash)
  }
  parts().blobs.write(hash, Buffer.from('ours'))
  await converge([file], 'keep')
  await converge([resource(join(dir, 'b'), { type: 'directory', props: {} })], 'keep')
  assert.equal(isThereLongAfter(), true)
  await converge([resource(join(dir, 'b'), { type: 'directory', props: {} })], 'remove')
  assert.equal(isThereLongAfter(), false)
})
