import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose, minorOf, offerOf, spoken, whyOther } from '../../protocol/versions.ts'

const speaking = (oldest: number, newest: number, major = 1) => ({ major, oldest, newest })

test('the newest that both speak is chosen, in both directions', () => {
  const [older, ours, newer] = [speaking(1, 2), speaking(2, 3), speaking(3, 4)]
  assert.equal(choose(offerOf(older), ours), 'trivet.1.2')
  assert.equal(choose(offerOf(ours), ours), 'trivet.1.3')
  assert.equal(choose(offerOf(newer), ours), 'trivet.1.3')
})

test('two minor versions apart, or of another major one, nothing is spoken, and why is told', () => {
  for (const theirs of [speaking(0, 1), speaking(4, 5), speaking(2, 3, 2)]) {
    const chosen = choose(offerOf(theirs), speaking(2, 3))
    assert(chosen !== undefined, 'there is a name to answer, so that the reason can be told')
    assert.equal(minorOf(chosen, speaking(2, 3)), undefined)
  }
  assert.match(
    whyOther(offerOf(speaking(0, 1)), speaking(2, 3)),
    /speaks protocol 1\.2 to 1\.3, this agent 1\.0 to 1\.1\. Next: install/,
  )
  assert.match(whyOther(offerOf(speaking(4, 5)), speaking(2, 3)), /this agent 1\.4 to 1\.5\. Next: upgrade the server/)
  assert.match(
    whyOther(offerOf(speaking(0, 1, 2)), speaking(2, 3)),
    /this agent 2\.0 to 2\.1\. Next: upgrade the server/,
  )
  assert.match(whyOther([], speaking(1, 2)), /this agent 1\.0\. Next: install/)
  for (const offered of [offerOf(speaking(10, 11)), ['x'.repeat(200)]])
    assert(Buffer.byteLength(whyOther(offered, speaking(12, 13))) <= 120, 'a close frame holds no more')
})

test('a server of before there was a choice takes the first, which is the one that it speaks', () => {
  assert.equal(offerOf(spoken)[0], 'trivet.1.0')
  assert.equal(minorOf('trivet.1.0'), 0)
  assert.equal(minorOf(''), 0)
  assert.equal(minorOf('', speaking(1, 2)), undefined)
})
