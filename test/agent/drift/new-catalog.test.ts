import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Catalog, digestOf, sha256 } from '../../../protocol/catalog.ts'
import { file } from '../../../resources/file.ts'
import { tempDir } from '../../helpers/converges.ts'
import { serve } from '../fake-server.ts'
import { resource, until } from '../tiny.ts'
import { daemonFor } from '../tiny-daemon.ts'

test('what drifts between a new catalog and its run is made as the new one says, and told as intended', async (t) => {
  const { fake, ...served } = await serve(t)
  const node = await daemonFor(t, served)
  node.world.types.file = file
  const path = join(await tempDir(t), 'motd')
  const saying = (text: string): Catalog => {
    const bytes = Buffer.from(text)
    fake.blobs.set(sha256(bytes), bytes)
    const props = { content: { sha256: sha256(bytes), bytes: bytes.length } }
    const resources = [resource(path, { type: 'file', props })]
    return { node: 'n1', resources, policies: { main: { watch: true } } }
  }
  void node.start()
  await fake.letIn(served.identity)
  const heard = async (number: number) => {
    const { report } = await fake.hears('report', number)
    fake.send({ type: 'stored', run: report.run.id })
    return report
  }
  fake.send({ type: 'catalog', catalog: saying('one') })
  await heard(1)
  // It is watched as soon as it is repaired.
  writeFileSync(path, 'theirs')
  const repair = (await heard(2)).run
  assert.equal(repair.trigger, 'drift')
  assert.equal(fake.all('started').at(-1)?.run, repair.id, 'it was told as it happened')

  const next = saying('two')
  fake.send({ type: 'catalog', catalog: next })
  await until('the new catalog is on disk', () => node.agent.catalog.read()?.digest === digestOf(next))
  writeFileSync(path, 'theirs')
  const { run, events } = await heard(3)
  assert.deepEqual(
    [run.trigger, run.catalog, events.map((event) => 'cause' in event && event.cause), readFileSync(path, 'utf8')],
    ['catalog', digestOf(next), ['intended'], 'two'],
  )
})
