import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseSubnet } from '../../lab/network.ts'

test('a lab takes the first subnet of 10.213.0.0/16 that no route leads to', () => {
  assert.equal(chooseSubnet([]), 0)
  assert.equal(chooseSubnet(['192.168.1.0/24', '10.213.0.0/24', '10.213.1.1/24']), 2)
})

test('a single address and a wider route both make a subnet taken', () => {
  assert.equal(chooseSubnet(['10.213.0.255', '10.213.2.0/23']), 1)
  assert.equal(chooseSubnet(['10.213.0.0/17']), 128)
})

test('a route to a whole private network does not: the bridge has the narrower one', () => {
  assert.equal(chooseSubnet(['10.0.0.0/8']), 0)
})

test('a machine without a free subnet is told so', () => {
  assert.throws(() => chooseSubnet(['10.213.0.0/16']), /no subnet is left/)
})
