import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAptConfig } from '../../lab/host-apt.ts'

test('nodes take the proxy and the leniency about old indexes from the host', () => {
  const dump =
    'APT "";\nAcquire::http::Proxy "http://proxy:3128";\nAcquire::Check-Date "false";\nAcquire::Languages "none";\n'
  assert.deepEqual(parseAptConfig(dump), { proxy: 'http://proxy:3128', lines: ['Acquire::Check-Date "false";'] })
})

test('a host that configures nothing gives nothing', () => {
  assert.deepEqual(parseAptConfig('APT "";\nAcquire::http::Proxy "DIRECT";\n'), { proxy: undefined, lines: [] })
})
