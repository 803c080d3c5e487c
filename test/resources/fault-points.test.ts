import assert from 'node:assert/strict'
import { test } from 'node:test'
import { armFault, faultPoint, faultPoints } from '../../resources/fault-points.ts'

test('a point that is not armed does nothing; one that is fails as the kernel does, once, at the pass that was asked for', () => {
  pass()
  armFault('journal.synced:enospc@2')
  pass()
  faultPoint('journal.appended')
  assert.throws(pass, { code: 'ENOSPC', errno: -28, message: 'ENOSPC: no space left on device, journal.synced' })
  pass()
  armFault('journal.synced:eio')
  assert.throws(pass, { code: 'EIO', errno: -5, message: 'EIO: i/o error, journal.synced' })
})

const pass = () => faultPoint('journal.synced')

test('what cannot be armed is refused with what there is', () => {
  assert.throws(
    () => armFault('journal.sunk:kill'),
    /There is no point journal\.sunk\. There are: journal\.appending, /,
  )
  for (const text of ['journal.synced', 'journal.synced:boom', 'journal.synced:kill@0', '']) {
    assert.throws(() => armFault(text), /POINT:FAULT or POINT:FAULT@PASS, where FAULT is kill, enospc, eio\./, text)
  }
})

test('each point has a name of its own, by the file that it is in', () => {
  assert.equal(new Set(faultPoints).size, faultPoints.length)
  for (const point of faultPoints) assert.match(point, /^[a-z]+\.[a-z]+$/)
})
