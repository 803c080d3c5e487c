import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withRelay } from '../../../bench/live/relay.ts'
import { figuresOf, markdownOf, tooSlow } from '../../../bench/live/report.ts'
import { agentsOf, talkersOf } from '../../../bench/live/speakers.ts'
import { timesOf } from '../../../bench/live/talk.ts'
import { serve } from '../../helpers/test-server.ts'

const talk = { name: '2 at once, 3 read', agents: 2, readers: 3, rounds: 4, pauseMs: 120, inTurn: true }

test('each event is heard once by each reader: of agents through a server, and through the relay', async (t) => {
  const { url, ca, token } = await serve(t)
  const agents = await agentsOf({ url, ca, token }, 2, ['word'])
  await agents.begin(2)
  const served = await timesOf(talk, agents.speakers, { url, ca, token })
  const relayed = await withRelay(async (login) => timesOf(talk, (await talkersOf(login, 2)).speakers, login))
  for (const ms of [served, relayed]) {
    assert.equal(ms.length, 2 * 3 * 4)
    assert(
      ms.every((one) => one > 0),
      String(ms),
    )
  }
  for (const speaker of agents.speakers) await speaker.close()
})

test('the 95th percentile stands beside that of the relay, and what takes too long is named', () => {
  const heard = [
    { name: 'one', ms: [1, 2, 199], relayMs: [1, 1, 2] },
    { name: 'many', ms: [1, 2, 200], relayMs: [1, 1, 100] },
  ]
  assert.deepEqual(
    figuresOf(heard).map(({ value, peerValue, ratio }) => [value, peerValue, ratio]),
    [
      [199, 2, 99.5],
      [200, 100, 2],
    ],
  )
  assert.deepEqual(tooSlow(heard), ['many'])
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: {} }
  const text = markdownOf({ machine, nodes: 10_000, runs: 1_000_000, load: 1.5, heard })
  assert.match(text, /10,000 nodes, 1,000,000 runs; 1.5 processes/)
  assert.match(text, /\| one +\| +2 \| +199 \| +199 \| +200 \| +1 \| +2 \| +2 \| +3 \|/)
})
