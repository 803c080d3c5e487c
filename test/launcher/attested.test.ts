import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { api } from '../../protocol/api.ts'
import { newKey } from '../helpers/fake-agent.ts'
import { attest, documentOf, FewInstances, instanceOf, makeSigner, settingsOf } from '../helpers/instance.ts'
import { clusterOf, up } from '../helpers/launch-site.ts'
import { MachineRoom } from '../helpers/machine-room.ts'
import { serve } from '../helpers/test-server.ts'

const signer = makeSigner()
const attested = (counts: Record<string, number>) => `enrolment: attested\n${clusterOf(counts)}`

/** Machines of a cloud that signs identity documents, and a server that lets in those of group `web` of cluster `c`. */
async function makeAttestingRoom(t: TestContext) {
  const cloud = new FewInstances()
  const settings = settingsOf(signer.pem, { clusters: { c: { web: ['word'] } } })
  const served = await serve(t, { attest: { settings, cloud } })
  const room = new MachineRoom(served)
  room.provider.attests = true
  room.attest = ({ node, group }) => {
    const id = `i-${String(cloud.all.length).padStart(17, '0')}`
    const tags = { 'trivet:cluster': 'c', 'trivet:group': group, 'trivet:node': node }
    cloud.all.push(instanceOf(id, { tags }))
    return attest(served.place, signer.sign(documentOf(id)), newKey(), node)
  }
  return { served, room }
}

test('nodes come up by what they are, with no token in their user data or on the server', async (t) => {
  const { served, room } = await makeAttestingRoom(t)
  const asked = { file: attested({ web: 2 }), provider: room.provider }
  assert.deepEqual((await up(served, asked)).result, ['create c-web-1', 'create c-web-2'])
  const nodes = await served.client.list(api.listNodes, {})
  assert.deepEqual(
    nodes.map(({ name, state, cluster, roles }) => [name, state, cluster, roles]),
    ['c-web-1', 'c-web-2'].map((name) => [name, 'unchanged', 'c', ['word']]),
  )
  const { items: made } = await served.client.call(api.listAudit, { action: 'create-token' })
  assert.deepEqual(made, [])
  for (const { userData } of room.asked)
    assert.match(userData, new RegExp(`^invitation='ec2\\.${served.caHash}@https://10\\.1\\.2\\.3:7600'$`, 'm'))
})

test('a group that the server does not let in is told before anything is launched', async (t) => {
  const { served, room } = await makeAttestingRoom(t)
  const asked = { file: attested({ db: 1 }), provider: room.provider }
  await assert.rejects(
    up(served, asked),
    /the server lets no instance of group db of cluster c in by what it is\. Next: add/,
  )
  assert.equal(room.asked.length, 0)
})

test('where machines have no identity document they join by tokens', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  await up(served, { file: attested({ web: 1 }), provider: room.provider })
  assert.match(room.asked[0]?.userData ?? '', /^invitation='[a-z0-9]{12}\.[^.]+\.[0-9a-f]{64}@/m)
})
