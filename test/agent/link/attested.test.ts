import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { stateIn } from '../../../agent/kept/state.ts'
import { enrolAttested } from '../../../agent/link/enrol.ts'
import { readIdentityDocument } from '../../../agent/link/instance-metadata.ts'
import { api } from '../../../protocol/api.ts'
import { documentOf, FewInstances, instanceOf, makeSigner, settingsOf } from '../../helpers/instance.ts'
import { serveMetadata } from '../../helpers/metadata-service.ts'
import { serve } from '../../helpers/test-server.ts'

const signer = makeSigner()
const id = 'i-0123456789abcdef0'
const document = signer.sign(documentOf(id))

async function serveAttesting(t: TestContext) {
  const cloud = new FewInstances()
  cloud.all = [instanceOf(id)]
  const served = await serve(t, { attest: { settings: settingsOf(signer.pem), cloud } })
  return { ...served, cloud }
}

async function joinBy(argv: string[], input?: string) {
  const child = spawn('bin/trivet-agent', ['join', ...argv], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr, exitCode: await ended }
}

test('trivet-agent join ec2.HASH@URL joins by what the machine is, and a second machine does not', async (t) => {
  const { client, dir, url } = await serveAttesting(t)
  const service = await serveMetadata(t, document)
  const { token } = await client.call(api.readAttestation, {})
  const ask = (state: string, ...more: string[]) =>
    joinBy(['-', '--metadata-service', service, '--state', join(dir, state), ...more], `${token}@${url}\n`)
  const misnamed = await ask('a', '--name', 'red-web-1')
  assert.equal(misnamed.exitCode, 1)
  assert.match(misnamed.stderr, /is tagged as blue-web-1, not as red-web-1/)
  const joined = await ask('a', '--name', 'blue-web-1')
  assert.deepEqual(joined, {
    exitCode: 0,
    stdout: `joined ${url} as blue-web-1\n`,
    stderr: 'Next: systemctl enable --now trivet-agent\n',
  })
  assert.equal(stateIn(join(dir, 'a')).readIdentity()?.node, 'blue-web-1')
  const thief = await ask('b')
  assert.equal(thief.exitCode, 1)
  assert.match(thief.stderr, /has become a node already, with another key/)
  assert.equal(stateIn(join(dir, 'b')).readIdentity(), undefined)
})

const readDocument = () => assert.fail('it was read')

test('a server that is not the one of the hash gets no document', async (t) => {
  const { url, dir, cloud } = await serveAttesting(t)
  const invitation = { ca: 'f'.repeat(64), url }
  const asked = enrolAttested(stateIn(join(dir, 'a')), { invitation, name: undefined, readDocument, patienceMs: 0 })
  await assert.rejects(asked, /is not the server that the token was made by/)
  assert.equal(cloud.asked, 0)
})

test('an instance that EC2 does not show yet asks again until it does, or its patience ends', async (t) => {
  const { url, dir, cloud, caHash } = await serveAttesting(t)
  const [instance] = cloud.all
  assert(instance)
  const ask = (patienceMs: number) =>
    enrolAttested(stateIn(join(dir, 'a')), {
      invitation: { ca: caHash, url },
      name: undefined,
      readDocument: async () => document,
      patienceMs,
    })
  cloud.all = []
  await assert.rejects(ask(1000), /refused to enrol this instance: EC2 shows no instance i-0123456789abcdef0/)
  assert.equal(cloud.asked, 1)
  const asking = ask(60_000)
  const find = cloud.find.bind(cloud)
  cloud.find = async (region, ids) => {
    const found = await find(region, ids)
    cloud.all = [instance]
    return found
  }
  assert.equal(await asking, 'blue-web-1')
})

test('the metadata service is asked by IMDSv2, and its absence is told', async (t) => {
  assert.equal(await readIdentityDocument(await serveMetadata(t, 'MII=')), 'MII=')
  const without = await serveMetadata(t, undefined)
  await assert.rejects(readIdentityDocument(without), /rsa2048: it answered 404\. Is this an instance of EC2/)
  await assert.rejects(
    readIdentityDocument('http://127.0.0.1:1'),
    /did not give http:\/\/127\.0\.0\.1:1\/latest\/api\/token/,
  )
})
