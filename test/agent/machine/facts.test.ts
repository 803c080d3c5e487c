import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsReader, interfaceOut } from '../../../agent/machine/facts.ts'

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const v4 = (name: string, destination: string, mask: string, metric: number) =>
  `${name}\t${destination}\t0100000A\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`
const v6 = (name: string, destination: string, length: string, metric: string) =>
  `${destination} ${length} ${'0'.repeat(32)} 00 fe80000000000000505400fffe123456 ${metric} 00000001 00000000 00450003     ${name}\n`
const any = '0'.repeat(32)

test('the interface of the default route with the lowest metric is the way out', () => {
  const table =
    head +
    v4('docker0', '000011AC', '0000FFFF', 0) +
    v4('wlan0', '00000000', '00000000', 600) +
    v4('eth0', '00000000', '00000000', 100)
  assert.equal(interfaceOut(table, v6('eth1', any, '00', '00000001')), 'eth0')
})

test('a network that divides the world in two, as of a tunnel, is no default route', () => {
  assert.equal(interfaceOut(head + v4('tun0', '00000000', '00000080', 0), ''), undefined)
})

test('a machine of IPv6 alone goes out by its default route, not by the one that refuses', () => {
  const refusal = v6('lo', any, '00', 'ffffffff')
  const table = refusal + v6('eth1', any, '00', '00000400') + v6('eth0', any, '00', '00000064') + refusal
  assert.equal(interfaceOut(head, table), 'eth0')
})

test('a machine without a network has its facts', async () => {
  assert.equal(interfaceOut('', ''), undefined)
  const facts = await factsReader('1.0.0')()
  assert(facts.address !== '' && facts.agentVersion === '1.0.0')
})
