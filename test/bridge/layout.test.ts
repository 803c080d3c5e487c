import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, integer, property, uniqueArray } from 'fast-check'
import { commandsFor, slotsIn } from '../../bridge/haproxy/admin.ts'
import { render } from '../../bridge/haproxy/text.ts'
import { keyOf, layOut, type LaidOut } from '../../bridge/model/layout.ts'
import { configOf, modelOf, nothing, taskOf, told } from './apps.ts'

const withTasks = (ports: number[], more = {}) =>
  modelOf([told('/web', { tasks: ports.map((port) => taskOf('/web', 'slave-1', port)), ...more })])
const slotsOf = ({ layout }: LaidOut) =>
  (layout.get('web_10080') ?? []).map((slot) => (slot ? `${slot.port}${slot.state === 'drain' ? ' drains' : ''}` : ''))

test('servers keep their slots, new ones take free ones, and what leaves drains for its time', () => {
  const first = layOut(withTasks([1, 2, 3]), nothing, 0, 1000)
  assert.deepEqual(slotsOf(first), ['1', '2', '3', '', '', '', '', ''])
  const second = layOut(withTasks([2, 4]), first, 100, 1000)
  assert.deepEqual(slotsOf(second), ['1 drains', '2', '3 drains', '4', '', '', '', ''])
  assert.deepEqual(slotsOf(layOut(withTasks([2, 4]), second, 1099, 1000)), slotsOf(second))
  const third = layOut(withTasks([2, 3, 4]), second, 1100, 1000)
  assert.deepEqual(slotsOf(third), ['', '2', '3', '4', '', '', '', ''])
})

const shape = (ports: number[], before: LaidOut, more = {}) => {
  const model = withTasks(ports, more)
  const laid = layOut(model, before, 0, 0)
  return { laid, shape: render(model, laid.layout, configOf()).shape }
}

test('the shape is the same until there is no room, and room is made for as many as the app is to have', () => {
  const one = shape([1], nothing)
  assert.equal(shape([2, 3, 4, 5, 6, 7, 8, 9], one.laid).shape, one.shape)
  const grown = shape([1, 2, 3, 4, 5, 6, 7, 8, 9], one.laid)
  assert.notEqual(grown.shape, one.shape)
  assert.equal(shape([1], grown.laid).shape, grown.shape)
  assert.equal(slotsOf(shape([1], one.laid, { instances: 20 }).laid).length, 32)
})

test('a server is filled while it is given nothing, and begins as down where nobody has found it well', () => {
  const laid = layOut(withTasks([1]), nothing, 0, 0)
  const empty = new Map([['web_10080', Array.from({ length: 8 }, () => undefined)]])
  assert.deepEqual(commandsFor(empty, laid.layout), [
    'set server web_10080/s1 addr 10.0.0.21 port 1',
    'set server web_10080/s1 state drain',
    'set server web_10080/s1 weight 100%',
    'set server web_10080/s1 health down',
    'set server web_10080/s1 state ready',
  ])
  assert.deepEqual(commandsFor(laid.layout, laid.layout), [])
  assert.deepEqual(commandsFor(laid.layout, empty), ['set server web_10080/s1 state maint'])
})

test('slots are read from what HAProxy says of its servers', () => {
  const lines = [
    '1',
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port',
    '3 web_1 1 s1 10.0.0.1 2 4 1 31001',
    '3 web_1 2 s2 127.0.0.1 0 5 1 9',
    '3 web_1 3 s3 10.0.0.2 2 12 1 31002',
    '',
  ]
  assert.deepEqual(slotsIn(lines.join('\n')).get('web_1'), [
    { address: '10.0.0.1', port: 31001, state: 'ready', isTrusted: false },
    undefined,
    { address: '10.0.0.2', port: 31002, state: 'drain', isTrusted: false },
  ])
})

test('after any change every wanted server has one slot and every other drains or is gone', () => {
  const Ports = uniqueArray(integer({ min: 1, max: 40 }), { maxLength: 30 })
  holds(
    property(array(Ports, { maxLength: 5 }), (steps) => {
      let laid = nothing
      for (const [index, ports] of steps.entries()) {
        laid = layOut(withTasks(ports), laid, index * 100, 150)
        const filled = (laid.layout.get('web_10080') ?? []).filter((slot) => slot !== undefined)
        assert.equal(new Set(filled.map(keyOf)).size, filled.length)
        const ready = filled.filter(({ state }) => state === 'ready').map(({ port }) => port)
        assert.deepEqual(
          ready.toSorted((a, b) => a - b),
          ports.toSorted((a, b) => a - b),
        )
      }
    }),
  )
})
