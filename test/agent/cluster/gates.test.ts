import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf } from '../../../protocol/catalog.ts'
import { Gates } from '../../../agent/cluster/gates.ts'
import { tempDir } from '../../helpers/converges.ts'

const want = { role: 'zookeeper', probe: 'probe[zookeeper]', atLeast: 2 }
const digest = digestOf(want)

test('a gate is closed as long as the server says so, and while there is no server', async (t) => {
  const gates = new Gates(join(await tempDir(t), 'gates.json'))
  assert.match(gates.closed('quorum', want) ?? '', /no connection to the server/)
  gates.tell({ open: {}, closed: { quorum: '1 of 2 is well' } })
  assert.equal(gates.closed('quorum', want), '1 of 2 is well')
})

test('one that has been open stays open, over a restart too, until it asks for something else', async (t) => {
  const path = join(await tempDir(t), 'gates.json')
  const gates = new Gates(path)
  gates.tell({ open: { quorum: digest }, closed: {} })
  assert.equal(gates.closed('quorum', want), undefined)
  gates.tell({ open: {}, closed: { quorum: 'nobody is well' } })
  assert.equal(gates.closed('quorum', want), undefined)
  assert.equal(new Gates(path).closed('quorum', want), undefined)
  assert.match(new Gates(path).closed('quorum', { ...want, atLeast: 3 }) ?? '', /no connection/)
})

test('one that has left the catalog is forgotten, so that it is asked anew when it comes again', async (t) => {
  const path = join(await tempDir(t), 'gates.json')
  const gates = new Gates(path)
  gates.tell({ open: { quorum: digest, other: digest }, closed: {} })
  for (const name of ['quorum', 'other']) assert.equal(gates.closed(name, want), undefined)
  gates.forgetBut(['other'])
  gates.tell({ open: {}, closed: { quorum: 'nobody', other: 'nobody' } })
  assert.equal(gates.closed('quorum', want), 'nobody')
  assert.equal(gates.closed('other', want), undefined)
})

test('what is said of the gates of another catalog, which is on its way, opens none of this one', async (t) => {
  const gates = new Gates(join(await tempDir(t), 'gates.json'))
  for (const open of [{}, { quorum: digestOf({ ...want, atLeast: 1 }) }]) {
    gates.tell({ open, closed: { other: 'nobody' } })
    assert.equal(gates.isOpen('quorum', want), false)
    assert.match(gates.closed('quorum', want) ?? '', /has not said yet/)
  }
})
