import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../../cli/command.ts'
import { urlForNodes } from '../../launcher/server-url.ts'

test('nodes call the server as was said, or as the operator does', () => {
  assert.equal(urlForNodes('https://10.213.0.1:8443/', 'https://127.0.0.1:8443'), 'https://10.213.0.1:8443')
  assert.equal(urlForNodes(undefined, 'https://trivet.example:8443'), 'https://trivet.example:8443')
  assert.equal(urlForNodes(undefined, 'https://[fd00::1]:8443'), 'https://[fd00::1]:8443')
})

for (const login of [
  '127.0.0.1:8443',
  'localhost:8443',
  '[::1]:8443',
  '0.0.0.0:8443',
  '[::ffff:127.0.0.1]:8443',
  'a.localhost',
]) {
  test(`nodes cannot reach ${login}, and what to do is told`, () => {
    assert.throws(
      () => urlForNodes(undefined, `https://${login}`),
      (error) =>
        error instanceof UsageError &&
        /Next: have it listen for others .* say --server-url .* trivet lab list/.test(error.message),
    )
  })
}

test('what is no address of a server is refused', () => {
  for (const said of ['http://10.0.0.1', '10.0.0.1:8443', 'x']) assert.throws(() => urlForNodes(said, ''), UsageError)
})
