import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import type { Login } from '../../cli/login-file.ts'
import { tempDir } from '../helpers/converges.ts'
import { connect, enrol, reportOf } from '../helpers/fake-agent.ts'
import { changedFile, countsOf } from '../helpers/records.ts'
import { serve, type Served } from '../helpers/test-server.ts'
import { trivet } from '../helpers/trivet.ts'

function loginOf({ url, ca, token }: Served): Login {
  return { url, ca, token }
}

/** A node that joined with the token and answers the next order with one change. */
async function joinAndAnswer(server: Served, token: string) {
  const { keys } = await enrol(server.place, token, 'web-1')
  const agent = await connect(server.place, keys)
  return async () => {
    const { id, mode } = await agent.next('order')
    const run = randomUUID()
    agent.send({ type: 'delivered', order: id })
    agent.send({ type: 'started', run, orders: [id], mode, resources: 1 })
    agent.send({ type: 'progress', run, unchanged: 0, events: [changedFile] })
    const outcome = { mode, orders: [id], outcome: 'changed' as const, counts: countsOf({ changed: 1 }) }
    agent.send({ type: 'report', report: reportOf(run, outcome, [changedFile]), clock: Date.now() })
    await agent.next('stored')
  }
}

test('an operator logs in, lets a node join, assigns, converges, and reads what happened', async (t) => {
  const server = await serve(t)
  const given = { home: await tempDir(t) }

  const login = await trivet(['login', `${server.token}@${server.url}`], given)
  assert.match(login.stderr, /^Logged in to .* as admin \(admin\)\.\n$/)

  const { stdout: joinLine } = await trivet(['token', 'create', '--names', 'web-*', '--ttl', '10m'], given)
  const [, token = ''] = /^trivet-agent join (\S+)@https:/.exec(joinLine) ?? []
  const answerOrder = await joinAndAnswer(server, token)

  assert.match((await trivet(['node', 'assign', 'web-1', 'word'], given)).stderr, /^web-1 has the roles word/)
  assert.match(
    (await trivet(['node', 'assign', 'web-1', 'word'], given)).stderr,
    /^Nothing changed: web-1 has the roles word/,
  )
  assert.match((await trivet(['node', 'set', 'web-1', 'word.word', 'bye'], given)).stderr, /word\.word = "bye"/)
  assert.match(
    (await trivet(['node', 'explain', 'web-1', 'word.word'], given)).stdout,
    /node web-1 +"bye" +admin .*in force/,
  )
  assert.match(
    (await trivet(['node', 'catalog', 'web-1'], given)).stdout,
    /^file\[\/etc\/word\] +word +recipes\/word\/word\.ts/m,
  )

  const [converged] = await Promise.all([trivet(['converge', 'web-1', '--detailed-exitcodes'], given), answerOrder()])
  assert.match(converged.stderr, /web-1: converged \(1 changed\)\n$/)
  assert.match(converged.stdout, /1 node: 1 converged\. 1 resource changed\./)
  assert.equal(converged.exitCode, 2)

  assert.match(
    (await trivet(['node', 'list', '--role', 'word'], given)).stdout,
    /web-1 +default +word +changed +connected/,
  )
  const runs = await trivet(['run', 'list', '--node', 'web-1'], given)
  const run = /^[0-9a-f]{8}/m.exec(runs.stdout)?.[0] ?? ''
  assert.match(
    (await trivet(['run', 'show', run, '--diff'], given)).stdout,
    /\* changed +file\[\/etc\/motd\][^]*\+hello/,
  )
  assert.match((await trivet(['audit'], given)).stdout, /admin +127\.0\.0\.1 \w+ +assign/)

  assert.equal((await trivet(['node', 'revoke', 'web-1', '--yes'], given)).exitCode, 0)
  assert.match((await trivet(['node', 'show', 'web-1'], given)).stdout, /^state +revoked/m)
})

test('what is not there is told with what there is, by code and exit code', async (t) => {
  const server = await serve(t)
  const given = { home: await tempDir(t), login: loginOf(server) }
  await enrol(server.place, await server.joinToken(), 'web-1')

  const node = await trivet(['node', 'show', 'web-2'], given)
  assert.match(node.stderr, /^trivet: There is no node web-2\..*web-1.*\(unknown-node\)\n$/)
  assert.equal(node.exitCode, 1)
  assert.match((await trivet(['node', 'assign', 'web-1', 'wrod'], given)).stderr, /no role wrod.*word/)
  assert.match((await trivet(['node', 'set', 'web-1', 'word.wrod', 'x'], given)).stderr, /word\.wrod/)
  const foreign = {
    ...given,
    login: { ...loginOf(server), token: server.token.replace(/\.[^.]+\./, `.${'x'.repeat(43)}.`) },
  }
  assert.match((await trivet(['node', 'list'], foreign)).stderr, /Log in with trivet login.*\(not-logged-in\)/)
})

test('recipe check points to the place, and exits with 1', async (t) => {
  const server = await serve(t)
  const given = { home: await tempDir(t), login: loginOf(server) }
  assert.equal((await trivet(['recipe', 'check'], given)).exitCode, 0)
  await writeFile(join(server.options.roles, 'broken.ts'), 'export default 3\n')

  const { stdout, exitCode } = await trivet(['recipe', 'check'], given)

  assert.match(stdout, /roles\/broken\.ts/)
  assert.equal(exitCode, 1)
})

test('a backup is a database of its own', async (t) => {
  const server = await serve(t)
  const path = join(server.dir, 'saved.db')

  await trivet(['backup', path], { home: await tempDir(t), login: loginOf(server) })

  const saved = new Database(path, { readonly: true })
  t.after(() => saved.close())
  assert.deepEqual(saved.pragma('integrity_check', { simple: true }), 'ok')
})

test('waiting goes on over a restart of the server', async (t) => {
  const server = await serve(t)
  const given = { home: await tempDir(t), login: loginOf(server) }
  const { keys } = await enrol(server.place, await server.joinToken({ roles: ['word'] }), 'web-1')
  const first = await connect(server.place, keys)
  const waiting = trivet(['converge', 'web-1', '--wait'], given)
  const { id, mode } = await first.next('order')
  first.send({ type: 'delivered', order: id })

  await server.restart()
  const again = await connect(server.place, keys)
  const run = randomUUID()
  again.send({ type: 'report', report: reportOf(run, { mode, orders: [id] }), clock: Date.now() })

  const { exitCode, stdout, stderr } = await waiting
  assert.match(stderr, /Trying again; the order goes on meanwhile/)
  assert.match(stdout, /1 node: 1 converged\./)
  assert.equal(exitCode, 0)
})
