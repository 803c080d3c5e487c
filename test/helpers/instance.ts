import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { attestedText, attestPath } from '../../protocol/enrolment.ts'
import type { Cloud, Instance } from '../../server/attest/cloud.ts'
import type { AttestSettings } from '../../server/attest/settings.ts'
import { type AgentKey, newKey, type Place, post, signText } from './fake-agent.ts'

/** Like AWS's for one region: signs identity documents by OpenSSL, in the very form of `rsa2048` of the metadata service. */
export function makeSigner({ serial = '1', bits = 2048 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-signer-'))
  process.on('exit', () => rmSync(dir, { recursive: true }))
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')]
  const subject = ['-subj', '/C=US/O=Throwaway Cloud', '-set_serial', serial, '-days', '2']
  openssl(['req', '-x509', '-newkey', `rsa:${bits}`, '-nodes', '-keyout', key, '-out', certificate, ...subject])
  return {
    pem: readFileSync(certificate, 'utf8'),
    certificate,
    /** `more`: other options of `openssl cms`. */
    sign(document: object, more = ['-stream', '-nocerts', '-nodetach', '-md', 'sha256']) {
      const file = join(dir, 'document.json')
      writeFileSync(file, JSON.stringify(document, null, 2))
      const by = ['-signer', certificate, '-inkey', key, '-binary', '-outform', 'DER', ...more]
      return openssl(['cms', '-sign', '-in', file, ...by])
        .toString('base64')
        .replace(/.{64}/g, '$&\n')
    },
  }
}

function openssl(argv: string[]) {
  const { status, stdout, stderr, error } = spawnSync('openssl', argv)
  assert.equal(status, 0, error?.message ?? stderr?.toString())
  return stdout
}

const account = '123456789012'

export function documentOf(instanceId: string, more: Record<string, unknown> = {}) {
  const at = { availabilityZone: 'eu-west-1a', pendingTime: '2026-01-01T00:00:00Z', region: 'eu-west-1' }
  return {
    accountId: account,
    architecture: 'x86_64',
    imageId: 'ami-12345678',
    instanceId,
    version: '2017-09-30',
    ...at,
    ...more,
  }
}

/** As EC2 shows it to the server: running, just launched, tagged for group `web` of cluster `blue`. */
export function instanceOf(id: string, more: Partial<Instance> = {}): Instance {
  const tags = { 'trivet:cluster': 'blue', 'trivet:group': 'web', 'trivet:node': 'blue-web-1' }
  return {
    id,
    account,
    state: 'running',
    launchedAt: Date.now(),
    addresses: ['127.0.0.1'],
    rootLateMs: 1000,
    tags,
    ...more,
  }
}

/** EC2 as the test has it. */
export class FewInstances implements Cloud {
  all: Instance[] = []
  whose = account
  broken: Error | undefined
  asked = 0

  async find(_region: string, ids: string[]) {
    this.asked++
    if (this.broken) throw this.broken
    return this.all.filter(({ id }) => ids.includes(id))
  }

  async account() {
    return this.whose
  }
}

export function settingsOf(pem: string, more: Partial<AttestSettings> = {}): AttestSettings {
  return {
    accounts: [account],
    certificates: new Map([['eu-west-1', pem]]),
    clusters: { blue: { web: ['word'] } },
    launchedWithinMinutes: 15,
    checkAddress: true,
    checkRootVolume: true,
    lookEveryMinutes: 5,
    goneAfterMinutes: 60,
    ...more,
  }
}

const Said = z
  .object({ id: z.string(), node: z.string(), error: z.string(), code: z.string(), details: z.unknown() })
  .partial()

/** Asks the server as an agent does. */
export async function attest(place: Place, document: string, keys: AgentKey = newKey(), name?: string) {
  const signature = signText(attestedText(document), keys.privateKey)
  const asked = { document, key: keys.key, signature, ...(name !== undefined && { name }) }
  const { status, bytes } = await post(place, attestPath, asked)
  return { status, ...Said.parse(JSON.parse(bytes.toString())), keys }
}
