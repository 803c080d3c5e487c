import { EC2Client, RunInstancesCommand, TerminateInstancesCommand, DescribeImagesCommand } from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { whyNoLab } from '../../../lab/requirements.ts'
import { until } from '../../../lab/run.ts'
import { api } from '../../../protocol/api.ts'
import { openEc2 } from '../../../server/attest/ec2.ts'
import { type Ec2Server, startEc2Server } from '../../helpers/ec2-server.ts'
import { attest, documentOf, makeSigner, settingsOf } from '../../helpers/instance.ts'
import { serve } from '../../helpers/test-server.ts'

const skip = whyNoLab() ?? false
let server: Ec2Server

before(async () => {
  if (skip) return
  server = await startEc2Server()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-west-1',
  })
})
after(() => server?.close())

async function runInstance(ec2: EC2Client) {
  const { Images: [image] = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['099720109477'] }))
  const tags = { 'trivet:cluster': 'blue', 'trivet:group': 'web', 'trivet:node': 'blue-web-1' }
  const { Instances: [instance] = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: image?.ImageId,
      InstanceType: 't3.small',
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [
        { ResourceType: 'instance', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  )
  assert(instance?.InstanceId !== undefined && instance.PrivateIpAddress !== undefined)
  return { id: instance.InstanceId, address: instance.PrivateIpAddress }
}

test('EC2 is asked for the instance that would join, and for those that are gone', { skip }, async (t) => {
  const ec2 = new EC2Client()
  const cloud = openEc2()
  const { id, address } = await runInstance(ec2)
  const [found] = await cloud.find('eu-west-1', [id, 'i-0fedcba9876543210'])
  assert.deepEqual([found?.account, found?.state, found?.addresses], ['123456789012', 'running', [address]])
  assert((found?.rootLateMs ?? 0) > 0)
  assert.equal(await cloud.account('eu-west-1'), '123456789012')
  assert.deepEqual(await cloud.find('us-east-1', [id]), [])

  const signer = makeSigner()
  // Moto has each network interface attached in 2015.
  const settings = settingsOf(signer.pem, { lookEveryMinutes: 1, checkRootVolume: false })
  const strict = await serve(t, { attest: { settings, cloud } })
  const elsewhere = await attest(strict.place, signer.sign(documentOf(id)))
  assert.match(elsewhere.error ?? '', /does not have the address 127\.0\.0\.1 that this comes from/)

  // Its address is of no machine here.
  const { place, client, restart } = await serve(t, {
    attest: { settings: { ...settings, checkAddress: false }, cloud },
  })
  assert.equal((await attest(place, signer.sign(documentOf(id)))).node, 'blue-web-1')
  assert.equal((await attest(place, signer.sign(documentOf(id)))).code, 'instance-used')
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
  assert.equal((await client.list(api.listNodes, {})).length, 1)
  // A server looks as it starts.
  await restart()
  await until('the node to be revoked', async () => (await client.list(api.listNodes, {})).length === 0)
  const { items } = await client.call(api.listAudit, { subject: 'blue-web-1' })
  assert.deepEqual(
    items.map(({ action }) => action),
    ['revoke', 'archive', 'refuse-enrol', 'enrol'],
  )
})
