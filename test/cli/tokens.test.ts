import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { trivet } from '../helpers/trivet.ts'

const token = `abcdefgh.${'s'.repeat(43)}.${'c'.repeat(64)}`
const installer = 'a'.repeat(64)
const calls = {
  create: ['POST /api/tokens', { token, id: 'abcdefgh', expiresAt: Date.now() + 3_600_000 }],
  attested: ['GET /api/attestation', { token: `ec2.${'c'.repeat(64)}`, clusters: {} }],
} as const

async function saidBy(t: TestContext, verb: keyof typeof calls, more: object) {
  const [call, answer] = calls[verb]
  const { login } = await serveApi(t, { [call]: { ...answer, ...more } })
  const { stderr, exitCode } = await trivet(['token', verb], { home: await tempDir(t), login })
  assert.equal(exitCode, 0, stderr)
  return stderr
}

for (const verb of ['create', 'attested'] as const) {
  test(`token ${verb} prints how the agent gets onto a machine where the server hands it out`, async (t) => {
    const stderr = await saidBy(t, verb, { installer })
    assert.match(stderr, /^Where the agent is not installed yet, as root:\ncurl -fsSk /m)
    assert.doesNotMatch(stderr, /hands out no agent/)
  })

  test(`token ${verb} says that the server hands out no agent, and what to do`, async (t) => {
    const stderr = await saidBy(t, verb, {})
    assert.match(stderr, /hands out no agent/)
    for (const way of [/npm run build:agent/, /trivet server --agents DIR/, /\.deb .*trivet-agent join/])
      assert.match(stderr, way)
    assert.doesNotMatch(stderr, /curl/)
  })
}
