import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { api } from '../../../protocol/api.ts'
import type { Instance } from '../../../server/attest/cloud.ts'
import { DocumentError, verifyDocument } from '../../../server/attest/identity-document.ts'
import type { AttestSettings } from '../../../server/attest/settings.ts'
import { connect, newKey } from '../../helpers/fake-agent.ts'
import { attest, documentOf, FewInstances, instanceOf, makeSigner, settingsOf } from '../../helpers/instance.ts'
import { serve } from '../../helpers/test-server.ts'

const signer = makeSigner()
const id = 'i-0123456789abcdef0'
const document = signer.sign(documentOf(id))

async function serveAttesting(t: TestContext, instances: Instance[], more: Partial<AttestSettings> = {}) {
  const cloud = new FewInstances()
  cloud.all = instances
  const served = await serve(t, { attest: { settings: settingsOf(signer.pem, more), cloud } })
  const codeOf = async (signed: string) => {
    const { status, code, error } = await attest(served.place, signed)
    return `${status} ${code}: ${error}`
  }
  const audit = async (action: string) => (await served.client.call(api.listAudit, { action })).items
  return { ...served, cloud, codeOf, audit }
}

test('an instance becomes the node that its tags say, with the roles of its group and its own key', async (t) => {
  const { client, place, audit } = await serveAttesting(t, [instanceOf(id)])
  const { status, node, keys } = await attest(place, document)
  assert.deepEqual({ status, node }, { status: 200, node: 'blue-web-1' })
  const [summary] = await client.list(api.listNodes, {})
  assert.deepEqual({ cluster: summary?.cluster, roles: summary?.roles }, { cluster: 'blue', roles: ['word'] })
  const [row] = await audit('enrol')
  assert.deepEqual([row?.author, row?.subject, row?.from], [`instance ${id}`, 'blue-web-1', '127.0.0.1'])
  assert.equal((await connect(place, keys)).welcome.type, 'welcome')
})

test('asked again with the same key it is the same node; with another key it is refused, for ever, and audited', async (t) => {
  const { client, place, audit, codeOf } = await serveAttesting(t, [instanceOf(id)])
  const first = await attest(place, document)
  const again = await attest(place, document, first.keys)
  assert.deepEqual([again.status, again.id], [200, first.id])
  assert.match(await codeOf(document), /^403 instance-used: Instance i-0123456789abcdef0 has become a node already/)
  const [row] = await audit('refuse-enrol')
  assert.deepEqual([row?.subject, row?.author, row?.from], ['blue-web-1', `instance ${id}`, '127.0.0.1'])
  await client.call(api.revokeNode, { node: 'blue-web-1' })
  assert.match(await codeOf(document), /^403 instance-used/)
  assert.equal((await attest(place, document, first.keys)).code, 'key-revoked')
})

test('who replays a document needs a key of its own, and must have it', async (t) => {
  const { place } = await serveAttesting(t, [instanceOf(id)])
  const [mine, theirs] = [newKey(), newKey()]
  const { code } = await attest(place, document, { key: theirs.key, privateKey: mine.privateKey })
  assert.equal(code, 'not-proven')
})

test('of one key only one instance becomes a node', async (t) => {
  const other = 'i-0fedcba9876543210'
  const tags = { ...instanceOf(id).tags, 'trivet:node': 'blue-web-2' }
  const { place } = await serveAttesting(t, [instanceOf(id), instanceOf(other, { tags })])
  const { keys } = await attest(place, document)
  assert.equal((await attest(place, signer.sign(documentOf(other)), keys)).code, 'key-taken')
})

test('only the pinned certificate is believed, and only what it signed', async (t) => {
  const { codeOf, cloud } = await serveAttesting(t, [instanceOf(id)])
  const twin = makeSigner()
  const stranger = makeSigner({ serial: '2' })
  const notBy = /^403 not-attested: .* the signature is not by the certificate of region eu-west-1/
  assert.match(await codeOf(twin.sign(documentOf(id))), notBy)
  assert.match(await codeOf(twin.sign(documentOf(id), ['-nodetach', '-md', 'sha256'])), notBy)
  assert.match(await codeOf(stranger.sign(documentOf(id), ['-nodetach', '-md', 'sha256'])), notBy)
  const altered = Buffer.from(document, 'base64').toString('latin1').replace(id, 'i-0fedcba9876543210')
  assert.match(await codeOf(Buffer.from(altered, 'latin1').toString('base64')), notBy)
  assert.match(
    await codeOf(signer.sign(documentOf(id), ['-nocerts', '-nodetach', '-md', 'sha1'])),
    /not signed over SHA-256/,
  )
  assert.match(await codeOf(signer.sign(documentOf(id), ['-nocerts', '-md', 'sha256'])), /does not carry the document/)
  assert.match(await codeOf(signer.sign({ hello: 'you' })), /is no instance identity document/)
  assert.match(await codeOf('AAAA'), /^403 not-attested: .* no PKCS7/)
  assert.equal(cloud.asked, 0)
})

test('a document that is malformed anywhere is refused, and never a failure of the server', async () => {
  const bytes = Buffer.from(document, 'base64')
  const certificates = new Map([['eu-west-1', signer.pem]])
  for (let at = 0; at < 90; at++)
    for (const wrong of [0x00, 0x30, 0xff]) {
      const broken = Buffer.from(bytes)
      broken[at] = wrong
      if (broken.equals(bytes)) continue
      await verifyDocument(broken.toString('base64'), certificates).catch((error: unknown) =>
        assert(error instanceof DocumentError, `byte ${at} as ${wrong}: ${String(error)}`),
      )
    }
})

test('what is refused is in the log, with its address and why', async (t) => {
  const served = await serveAttesting(t, [instanceOf(id)])
  await served.codeOf('AAAA')
  const [line = '{}'] = served.log.filter((one) => one.includes('enrolment refused'))
  const { from, code, msg } = JSON.parse(line)
  assert.deepEqual([from, code], ['127.0.0.1', 'not-attested'])
  assert.match(msg, /^enrolment refused: The instance identity document is not believed: /)
})

test('what is signed without attributes is good as well, as CMS allows it', async (t) => {
  const { place } = await serveAttesting(t, [instanceOf(id)])
  const plain = signer.sign(documentOf(id), ['-nocerts', '-nodetach', '-noattr', '-md', 'sha256'])
  assert.equal((await attest(place, plain)).status, 200)
})

test('instances of other accounts and regions are not let in', async (t) => {
  const { codeOf, cloud } = await serveAttesting(t, [instanceOf(id)])
  const accountId = '999999999999'
  assert.match(
    await codeOf(signer.sign(documentOf(id, { accountId }))),
    /^403 not-attested: .*account 999999999999 are not/,
  )
  const far = signer.sign(documentOf(id, { region: 'us-east-1' }))
  assert.match(await codeOf(far), /^403 not-attested: .*region us-east-1 are not/)
  assert.equal(cloud.asked, 0)
})

const tags = (more: Record<string, string>) => ({ tags: { ...instanceOf(id).tags, ...more } })

test('what EC2 says of the instance must agree', async (t) => {
  const { codeOf, cloud } = await serveAttesting(t, [])
  const says = async (more: Partial<Instance>) => {
    cloud.all = [instanceOf(id, more)]
    return codeOf(document)
  }
  assert.match(
    await says({ account: '999999999999' }),
    /^403 not-attested: .* is of account 999999999999, not of 123456789012/,
  )
  assert.match(
    await says({ rootLateMs: 90_000 }),
    /^403 not-attested: .* has another root volume than it was launched with/,
  )
  assert.match(await says({ state: 'terminated' }), /^403 not-attested: .* is terminated/)
  assert.match(await says({ launchedAt: Date.now() - 16 * 60_000 }), /more than 15 minutes ago/)
  assert.match(await says({ addresses: ['10.0.0.9'] }), /does not have the address 127\.0\.0\.1/)
  assert.match(await says(tags({ 'trivet:cluster': 'red' })), /trivet:cluster=red, a cluster that is not let in/)
  assert.match(await says(tags({ 'trivet:group': 'constructor' })), /trivet:group=constructor, a group that is not/)
  assert.match(await says(tags({ 'trivet:node': 'No Name' })), /no tag trivet:node with the name of a node/)
  assert.match(await says({ tags: {} }), /a cluster that is not let in/)
  assert.match(await says({ state: 'pending' }), /^200/)
})

test('behind NAT the address can be let be', async (t) => {
  const { place } = await serveAttesting(t, [instanceOf(id, { addresses: ['10.0.0.9'] })], { checkAddress: false })
  assert.equal((await attest(place, document)).status, 200)
})

test('an instance not seen yet, or an EC2 that is away, is to be asked for again, and uses nothing up', async (t) => {
  const { place, cloud, log } = await serveAttesting(t, [])
  const unseen = await attest(place, document)
  assert.deepEqual([unseen.status, unseen.code, unseen.details], [403, 'instance-unseen', { retryAfterMs: 3000 }])
  cloud.broken = new Error('no credentials, says the test')
  const away = await attest(place, document)
  assert.deepEqual([away.status, away.code], [502, 'cloud-away'])
  assert(!away.error?.includes('credentials'))
  assert(log.some((line) => line.includes('no credentials, says the test')))
  cloud.broken = undefined
  cloud.all = [instanceOf(id)]
  assert.equal((await attest(place, document)).status, 200)
})

test('it must be called as the machine believes, and no living node may have the name', async (t) => {
  const other = 'i-0fedcba9876543210'
  const { place } = await serveAttesting(t, [instanceOf(id), instanceOf(other)])
  assert.equal((await attest(place, document, newKey(), 'red-web-1')).code, 'wrong-name')
  assert.equal((await attest(place, document, newKey(), 'blue-web-1')).status, 200)
  assert.equal((await attest(place, signer.sign(documentOf(other)))).code, 'name-taken')
})

test('a server that was not told so takes nobody by a document, and says what to do', async (t) => {
  const { place, client } = await serve(t)
  const { status, error } = await attest(place, document)
  assert.deepEqual(
    [status, error],
    [409, 'This server takes no instance by its identity document. Join by a token, or start it with --attest.'],
  )
  await assert.rejects(client.call(api.readAttestation, {}), /started without --attest/)
})

test('the API tells what instances join by', async (t) => {
  const { client, caHash } = await serveAttesting(t, [])
  const { token, clusters } = await client.call(api.readAttestation, {})
  assert.deepEqual([token, clusters], [`ec2.${caHash}`, { blue: { web: ['word'] } }])
})
