import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import { fetchCa } from '../../../protocol/pin.ts'
import { enrol, newKey, post, signText } from '../../helpers/fake-agent.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { serve } from '../../helpers/test-server.ts'
import { parseToken } from '../../../protocol/token.ts'
import { enrolPath } from '../../../protocol/enrolment.ts'

test('a node joins by a token and gets the roles of the token', async (t) => {
  const { client, place, joinToken } = await serve(t)
  const { status, node } = await enrol(place, await joinToken({ roles: ['word'] }), 'n1')
  assert.deepEqual({ status, node }, { status: 200, node: 'n1' })
  const [summary] = await client.list(api.listNodes, {})
  assert.deepEqual(summary?.roles, ['word'])
  assert.equal(summary?.state, 'pending')
  assert.match(summary?.reason ?? '', /has not sent its facts yet/)
})

test('an enrolment whose answer was lost gives the same node when it is asked again', async (t) => {
  const { place, joinToken } = await serve(t)
  const token = await joinToken()
  const first = await enrol(place, token, 'n1')
  const again = await enrol(place, token, 'n1', first.keys)
  assert.equal(again.status, 200)
  assert.equal(again.id, first.id)
})

test('a used-up, expired, deleted or forged token is refused with its reason', async (t) => {
  let now = Date.now()
  const { client, place, joinToken, caHash } = await serve(t, { clock: () => now })
  const once = await joinToken()
  await enrol(place, once, 'n1')
  const codeOf = async (token: string) => {
    const { status, code } = await enrol(place, token, 'n2')
    return `${status} ${code}`
  }
  assert.equal(await codeOf(once), '403 used-up')

  const short = await joinToken({ ttlMs: 1000 })
  const deleted = await joinToken()
  await client.call(api.deleteToken, { id: parseToken(deleted)?.id ?? '' })
  assert.equal(await codeOf(deleted), '403 wrong-token')
  assert.equal(await codeOf(`${parseToken(short)?.id}.${'A'.repeat(43)}.${caHash}`), '403 wrong-token')
  assert.equal(await codeOf(`${'0'.repeat(12)}.${'A'.repeat(43)}.${caHash}`), '403 wrong-token')
  now += 1000
  assert.equal(await codeOf(short), '403 expired')
})

test('a token is good only for names of its pattern, and a name only for one living node', async (t) => {
  const { place, joinToken } = await serve(t)
  const token = await joinToken({ names: 'web-*', uses: 5 })
  assert.equal((await enrol(place, token, 'db-1')).code, 'wrong-name')
  assert.equal((await enrol(place, token, 'my-web-1')).code, 'wrong-name')
  assert.equal((await enrol(place, token, 'web-1')).status, 200)
  const twin = await enrol(place, token, 'web-1')
  assert.equal(twin.code, 'name-taken')
  assert.match(twin.error ?? '', /node revoke web-1/)
})

test('who enrols a key must have it', async (t) => {
  const { place, joinToken } = await serve(t)
  const parsed = parseToken(await joinToken())
  assert(parsed)
  const [mine, theirs] = [newKey(), newKey()]
  const token = { id: parsed.id, secret: parsed.secret }
  const signature = signText(token.id, mine.privateKey)
  const { status } = await post(place, enrolPath, { token, name: 'n1', key: theirs.key, signature })
  assert.equal(status, 403)
})

test('an enrolment that is no enrolment is refused with the field that is wrong', async (t) => {
  const { place } = await serve(t)
  const { status, bytes } = await post(place, enrolPath, { token: { id: 'x', secret: 'y' }, name: 'Bad Name' })
  assert.equal(status, 400)
  assert.match(bytes.toString(), /name: lower-case letters/)
  assert.equal((await post(place, enrolPath, 'no json')).status, 400)
  assert.equal((await post(place, enrolPath, { pad: 'x'.repeat(20_000) })).status, 413)
})

test('many refused enrolments from one address are told to wait, and a good one still passes', async (t) => {
  const { place, joinToken, caHash } = await serve(t)
  const forged = `${'0'.repeat(12)}.${'A'.repeat(43)}.${caHash}`
  const keys = newKey()
  for (let i = 0; i < 30; i++) assert.equal((await enrol(place, forged, 'n1', keys)).status, 403)
  assert.equal((await enrol(place, forged, 'n1', keys)).status, 429)
  assert.equal((await enrol(place, await joinToken(), 'n1', keys)).status, 200)
})

test('a token of another server fails before anything is sent', async (t) => {
  const { url, place, joinToken } = await serve(t)
  await assert.rejects(fetchCa(url, 'f'.repeat(64)), /is not the server that the token was made by/)
  const stranger = await makeAuthority()
  await assert.rejects(enrol({ ...place, ca: stranger.ca }, await joinToken(), 'n1'), /certificate/)
})
