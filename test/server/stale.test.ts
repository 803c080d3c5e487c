import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiFailure } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { StaleDetails } from '../../protocol/views.ts'
import { tempDir } from '../helpers/converges.ts'
import { enrol } from '../helpers/fake-agent.ts'
import { serve } from '../helpers/test-server.ts'
import { trivet } from '../helpers/trivet.ts'

const mine = { scope: 'nodes', name: 'n1', key: 'word.word' } as const
const all = { scope: 'clusters', name: 'default', key: 'word.word' } as const

test('a write for a revision that is not the last is refused with both sides', async (t) => {
  const { client, place, joinToken } = await serve(t)
  await enrol(place, await joinToken({ roles: ['word'] }), 'n1')
  const { revision: seen } = await client.call(api.readNode, { node: 'n1' })
  const set = await client.call(api.setAttribute, { ...mine, value: 'theirs', ifRevision: seen })
  assert.equal(set.revision, seen + 1)
  const refused = client.call(api.assignRoles, { node: 'n1', roles: ['pair'], ifRevision: seen })
  await assert.rejects(refused, (error: unknown) => {
    assert(error instanceof ApiFailure)
    assert.equal(error.code, 'stale-revision')
    const { yours, theirs } = StaleDetails.parse(error.details)
    assert.deepEqual(yours, { revision: seen, assign: ['pair'] })
    assert.deepEqual([theirs.revision, theirs.roles], [seen + 1, ['word']])
    assert.deepEqual(
      [theirs.attributes['word.word']?.value, theirs.attributes['word.word']?.author],
      ['theirs', 'admin'],
    )
    return true
  })
  for (const write of [
    client.call(api.setAttribute, { ...mine, value: 'mine', ifRevision: seen }),
    client.call(api.unsetAttribute, { ...mine, ifRevision: seen }),
    client.call(api.unassignRoles, { node: 'n1', roles: ['word'], ifRevision: seen }),
    client.call(api.setAttribute, { ...all, value: 'x', ifRevision: 99 }),
  ])
    await assert.rejects(write, { code: 'stale-revision' })
  const now = await client.call(api.readNode, { node: 'n1' })
  assert.deepEqual([now.revision, now.roles, now.attributes['word.word']], [seen + 1, ['word'], 'theirs'])
  await client.call(api.unsetAttribute, { ...mine, ifRevision: now.revision })
})

test('clusters are listed with their attributes and the revision of these', async (t) => {
  const { client, place, joinToken } = await serve(t)
  await enrol(place, await joinToken({ cluster: 'blue' }), 'n1')
  await enrol(place, await joinToken(), 'n2')
  assert.deepEqual(
    (await client.list(api.listClusters, {})).map(({ name, nodeCount, revision }) => [name, nodeCount, revision]),
    [
      ['blue', 1, 0],
      ['default', 1, 0],
    ],
  )
  const { revision } = await client.call(api.setAttribute, { ...all, value: 'x', ifRevision: 0 })
  const [, found] = await client.list(api.listClusters, {})
  assert.deepEqual(found, { name: 'default', nodeCount: 1, attributes: { 'word.word': 'x' }, revision })
})

test('trivet says what somebody else wrote, and writes for the revision of one node alone', async (t) => {
  const { client, place, joinToken, url, ca, token } = await serve(t)
  await enrol(place, await joinToken({ roles: ['word'] }), 'n1')
  const given = { home: await tempDir(t), login: { url, ca, token } }
  const { revision } = await client.call(api.readNode, { node: 'n1' })
  const setTo = (word: string) => ['node', 'set', 'n1', 'word.word', word, '--if-revision', String(revision)]
  assert.equal((await trivet(setTo('one'), given)).exitCode, 0)
  const late = await trivet(setTo('two'), given)
  assert.equal(late.exitCode, 1)
  assert.match(late.stderr, /Somebody wrote to node n1 meanwhile: .*\(stale-revision\)\n {2}its roles now: word\n/)
  assert.match(late.stderr, / {2}word\.word = "one", by admin, /)
  const early = await trivet(['cluster', 'set', 'default', 'word.word', 'x', '--if-revision', '5'], given)
  assert.match(early.stderr, /cluster default .*\n {2}none of its attributes is set now/)
  const many = await trivet(['node', 'assign', 'n*', 'pair', '--if-revision', '1', '--yes'], given)
  assert.match(many.stderr, /--if-revision: each node has a revision of its own/)
  assert.equal(many.exitCode, 2)
  assert.match((await trivet(['node', 'show', 'n1'], given)).stdout, new RegExp(`revision +${revision + 1}\n`))
  assert.match((await trivet(['cluster', 'list'], given)).stdout, /^CLUSTER +NODES +REVISION.*\ndefault +1 +0/)
})
