import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterFile } from '../../launcher/cluster-file.ts'
import { costOf, Prices } from '../../launcher/cost.ts'

const prices = Prices.parse({
  asOf: 'today',
  instanceHour: { 't3.small': 0.02 },
  volumeGiBMonth: { gp3: 0.1 },
  publicAddressHour: 0.005,
})
const file = (group: string) =>
  parseClusterFile(`cluster: c\ndefaults: { image: ami-12345678 }\ngroups: { a: ${group} }`, 'c.yaml')

test('a month is 730 hours of each node, its address and its disks', () => {
  const whole = file(
    '{ count: 2, instanceTypes: [t3.small, m5.large], publicAddress: kept, volumes: [{ device: root, sizeGiB: 20 }] }',
  )
  const { month, currency, unknown } = costOf(whole, prices)
  assert.deepEqual({ month, currency, unknown }, { month: 2 * (730 * 0.025 + 2), currency: 'USD', unknown: [] })
})

test('what has no price is named, and is not in the sum', () => {
  const { month, unknown } = costOf(
    file('{ count: 1, instanceTypes: [m5.large], volumes: [{ device: /dev/sdf, sizeGiB: 20, type: io2, iops: 100 }] }'),
    prices,
  )
  assert.deepEqual({ month, unknown }, { month: 0, unknown: ['io2', 'm5.large', 'the root disk of a'] })
})
