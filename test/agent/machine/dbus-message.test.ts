import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encodeCall, lengthOf } from '../../../agent/machine/dbus/message.ts'

// As systemd 257 took and sent them.
const taken =
  '6c01000136000000070000007800000001016f002d0000002f6f72672f667265656465736b746f702f73797374656d64312f756e69742f646275735f326573657276696365000000020173001f0000006f72672e667265656465736b746f702e444275732e50726f70657274696573000301730003000000476574000000000008016700027373001d0000006f72672e667265656465736b746f702e73797374656d64312e556e69740000000d000000556e697446696c65537461746500'
const text =
  '6c0201010f0000000100000037000000050175000700000007017300180000006f72672e667265656465736b746f702e73797374656d643100000000000000000801670001760000017300000600000073746174696300'
const flag =
  '6c020101080000000100000037000000050175000700000007017300180000006f72672e667265656465736b746f702e73797374656d6431000000000000000008016700017600000162000000000000'
const error =
  '6c03010149000000010000006f0000000501750007000000040173002a0000006f72672e667265656465736b746f702e444275732e4572726f722e556e6b6e6f776e50726f706572747900000000000007017300180000006f72672e667265656465736b746f702e73797374656d64310000000000000000080167000173000044000000556e6b6e6f776e20696e74657266616365206f72672e667265656465736b746f702e73797374656d64312e53657276696365206f722070726f706572747920547970652e00'
const signal =
  '6c04010139000000020000009800000001016f00190000002f6f72672f667265656465736b746f702f73797374656d64310000000000000002017300200000006f72672e667265656465736b746f702e73797374656d64312e4d616e6167657200000000000000000301730007000000556e69744e65770007017300180000006f72672e667265656465736b746f702e73797374656d643100000000000000000801670002736f0007000000782e74696d657200280000002f6f72672f667265656465736b746f702f73797374656d64312f756e69742f785f326574696d657200'

const read = (hex: string) => decode(Buffer.from(hex, 'hex'))

test('what systemd sends is read: values, errors and signals', () => {
  assert.deepEqual([read(text).kind, read(text).answers, read(text).body()], ['answer', 7, ['static']])
  assert.deepEqual(read(flag).body(), [false])
  assert.equal(read(error).kind, 'error')
  assert.deepEqual(read(error).body(), ['Unknown interface org.freedesktop.systemd1.Service or property Type.'])
  assert.deepEqual([read(signal).kind, read(signal).member], ['signal', 'UnitNew'])
  assert.deepEqual(read(signal).body(), ['x.timer', '/org/freedesktop/systemd1/unit/x_2etimer'])
})

test('a message of a machine that writes the high byte first is read too', () => {
  const bytes = Buffer.from(flag, 'hex')
  bytes.write('B')
  for (const at of [4, 8, 12, 20, 28, bytes.length - 4]) bytes.subarray(at, at + 4).reverse()
  bytes.writeUInt32BE(1, bytes.length - 4)
  const { answers, body } = decode(bytes)
  assert.deepEqual([answers, body()], [7, [true]])
})

test('the length of a message is known from its first sixteen bytes on', () => {
  const bytes = Buffer.from(signal + text, 'hex')
  assert.equal(lengthOf(bytes), signal.length / 2)
  assert.equal(lengthOf(bytes.subarray(0, 16)), signal.length / 2)
  assert.equal(lengthOf(bytes.subarray(0, 15)), undefined)
})

test('a call has the bytes that systemd took', () => {
  const args: [string, string] = ['org.freedesktop.systemd1.Unit', 'UnitFileState']
  const path = '/org/freedesktop/systemd1/unit/dbus_2eservice'
  const sent = encodeCall(7, { path, interface: 'org.freedesktop.DBus.Properties', member: 'Get', args })
  assert.equal(sent.toString('hex'), taken)
  assert.deepEqual([decode(sent).path, decode(sent).member, decode(sent).body()], [path, 'Get', args])
})

test('lengths are those of bytes, not of letters', () => {
  const sent = encodeCall(1, { path: '/a', interface: 'b.c', member: 'D', args: ['grün', 'x'] })
  assert.equal(lengthOf(sent), sent.length)
  assert.deepEqual(decode(sent).body(), ['grün', 'x'])
})

test('a value of a type that nobody asks for is refused, not misread', () => {
  const bytes = Buffer.from(flag, 'hex')
  bytes[bytes.lastIndexOf('b')] = 'd'.charCodeAt(0)
  assert.throws(() => decode(bytes).body(), /a value of type d, which we do not read/)
})
