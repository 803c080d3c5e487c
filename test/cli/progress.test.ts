import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { events, serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { nodeOf, orderOf, targetOf } from '../helpers/records.ts'
import { drawnOn, takenBack, trivet } from '../helpers/trivet.ts'

const size = 2_500_000
const waiting = orderOf([targetOf('web-1')])

/** A server with something to wait for of each kind. */
async function served(t: TestContext) {
  let look = 0
  const nodes = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ items: [nodeOf('m1'), nodeOf('m2', { behind: look++ === 0 })], next: null, total: 2 }),
    )
  }
  const { login } = await serveApi(t, {
    'POST /api/orders': waiting,
    'GET /api/orders/order1/watch': events([
      { type: 'order', order: waiting },
      { type: 'target', target: targetOf('web-1', { state: 'converged' }) },
    ]),
    'GET /api/nodes': nodes,
    'GET /api/backup': (response: ServerResponse) => response.end(Buffer.alloc(size)),
    'GET /api/export/runs?events=false&format=jsonl': (response: ServerResponse) =>
      response.end(`${'x'.repeat(999)}\n`.repeat(2500)),
  })
  const home = await tempDir(t)
  return { home, login, file: join(home, 'saved.db') }
}

test('who waits at a terminal sees how far it is, and in the end nothing of it is left', async (t) => {
  const { file, ...given } = await served(t)
  const waits: [string[], string, number][] = [
    [['converge', '--all', '--wait'], '1 of 1 node is done', 2],
    [['node', 'wait', '--all'], '1 of 2 nodes is as it should be', 1],
    [['backup', file], 'saved.db: 2.5 MB', 1],
    [['export', 'runs'], 'Runs: 2.5 MB', 1],
  ]
  for (const [args, last, lines] of waits) {
    const { stderr, exitCode } = await trivet(args, { ...given, live: true })
    assert.equal(exitCode, 0, stderr)
    assert(drawnOn(stderr).at(-1)?.[0]?.endsWith(last), `${last}: ${drawnOn(stderr).join('\n')}`)
    assert.equal(takenBack(stderr), lines, last)
    assert(stderr.includes('\x1b[?25h'), 'the cursor is there again')
  }
})

test('nothing is drawn where a program reads, or nobody, or where the data itself comes by', async (t) => {
  const { file, ...given } = await served(t)
  const live = { ...given, live: true }
  const nobody = [
    await trivet(['converge', '--all', '--wait', '--json'], live),
    await trivet(['converge', '--all', '--wait', '--jsonl'], live),
    await trivet(['node', 'wait', '--all', '--json'], live),
    await trivet(['node', 'wait', '--all', '--jsonl'], live),
    await trivet(['backup', file], given),
    await trivet(['export', 'runs'], { ...live, stdoutIsTerminal: true }),
  ]
  for (const { stderr, exitCode } of nobody) {
    assert.equal(exitCode, 0, stderr)
    assert(!stderr.includes('\x1b'), stderr)
  }
})

test('what is told meanwhile stands above, whole', async (t) => {
  const { stderr } = await trivet(['node', 'wait', '--all'], { ...(await served(t)), live: true })
  for (const told of [
    'm1: as it should be\n',
    'm2: has yet to converge to its newest catalog\n',
    'm2: as it should be\n',
  ])
    assert(stderr.includes(told), told)
})

test('who stops waiting for nodes leaves with 130', async (t) => {
  const stop = new AbortController()
  let looks = 0
  const nodes = (response: ServerResponse) => {
    if (looks++ === 1) stop.abort()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ items: [nodeOf('m1', { behind: true })], next: null, total: 2 }))
  }
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes })
  const given = { home: await tempDir(t), login, signal: stop.signal }
  const { stderr, exitCode } = await trivet(['node', 'wait', 'm1'], given)
  assert.equal(exitCode, 130)
  assert.equal(stderr, 'm1: has yet to converge to its newest catalog\n')
})
