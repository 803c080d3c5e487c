import assert from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readAttestSettings } from '../../../server/attest/settings.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { tempDir } from '../../helpers/converges.ts'
import { makeSigner } from '../../helpers/instance.ts'

const whole = `accounts: ['123456789012']
regions:
  eu-west-1: { certificate: eu-west-1.pem }
clusters:
  walking:
    master: [mesos-master, zookeeper]
    slave: []
`

async function folder(t: TestContext) {
  const dir = await tempDir(t)
  const signer = makeSigner()
  await copyFile(signer.certificate, join(dir, 'eu-west-1.pem'))
  const path = join(dir, 'attest.yaml')
  const settings = async (text: string) => {
    await writeFile(path, text)
    return readAttestSettings(path)
  }
  return { dir, signer, settings }
}

test('the file says who is let in, with the certificates beside it and the usual limits', async (t) => {
  const { signer, settings } = await folder(t)
  assert.deepEqual(await settings(whole), {
    accounts: ['123456789012'],
    certificates: new Map([['eu-west-1', signer.pem]]),
    clusters: { walking: { master: ['mesos-master', 'zookeeper'], slave: [] } },
    launchedWithinMinutes: 15,
    checkAddress: true,
    checkRootVolume: true,
    lookEveryMinutes: 5,
    goneAfterMinutes: 60,
  })
})

test('what is wrong in it is told with its place', async (t) => {
  const { dir, settings } = await folder(t)
  const wrong = (text: string, why: RegExp) => assert.rejects(settings(text), why)
  await wrong(whole.replace("'123456789012'", '123456789012'), /--attest names: accounts\.0: must be text/)
  await wrong(whole.replace('eu-west-1:', 'Ireland:'), /regions.*such as eu-west-1/)
  await wrong(`${whole}launchedWithin: 5\n`, /has launchedWithin, which there is not/)
  await wrong(whole.replace('eu-west-1.pem', 'no.pem'), /Cannot read .*no\.pem \(--attest\)/)
  await wrong(whole.replace('  eu-west-1: { certificate: eu-west-1.pem }', '  {}'), /regions: there is none/)
  await writeFile(join(dir, 'eu-west-1.pem'), 'nothing')
  await wrong(whole, /regions\.eu-west-1\.certificate: eu-west-1\.pem is no certificate in PEM/)
  await writeFile(join(dir, 'eu-west-1.pem'), (await makeAuthority()).leaf)
  await wrong(whole, /has a key of type ec\. Take the one/)
})
