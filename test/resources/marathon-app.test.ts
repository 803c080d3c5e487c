import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import { marathonApp } from '../../resources/marathon-app.ts'
import { assertConverges, FakeHost, shown } from '../helpers/converges.ts'
import { listening } from './shelf.ts'
import { standInMarathon } from './stand-in-marathon.ts'

const web = {
  cmd: 'serve',
  cpus: 0.1,
  instances: 2,
  env: { A: '1' },
  healthChecks: [{ protocol: 'MESOS_HTTP', path: '/' }],
}

async function scene(t: TestContext, behaviour: Parameters<typeof standInMarathon>[0] = {}) {
  const said: string[] = []
  const server = standInMarathon({ told: (line) => said.push(line), ...behaviour })
  return { servers: [`http://127.0.0.1:${await listening(t, server)}`], said }
}

async function look(id: string, props: object) {
  return shown(await marathonApp.check(id, marathonApp.props.parse(props), new FakeHost()))
}

async function apply(id: string, props: object) {
  await marathonApp.apply(id, marathonApp.props.parse(props), new FakeHost(), [])
}

test('marathon_app makes an app by PUT, waits until its tasks are up, and then finds it as declared', async (t) => {
  const { servers, said } = await scene(t)
  await assertConverges(marathonApp, '/shop/web', { servers, app: web }, new FakeHost(), ['ensure: absent → present'])
  assert.deepEqual(
    said.filter((line) => !line.startsWith('GET')),
    ['PUT /v2/apps/shop/web?force=false'],
  )
})

test('marathon_app compares what was declared alone, and env and labels as a whole', async (t) => {
  const { servers, said } = await scene(t)
  await apply('/web', { servers, app: { ...web, portDefinitions: [{ port: 0, name: 'http' }], labels: { a: 'b' } } })
  assert.deepEqual(await look('/web', { servers, app: { instances: 2 } }), [])
  assert.deepEqual(await look('/web', { servers, app: { portDefinitions: [{ port: 0 }] } }), [])
  assert.deepEqual(await look('/web', { servers, app: { portDefinitions: [{ port: 80 }] } }), [
    'portDefinitions.0.port: 10000 → 80',
  ])
  const fewer = { servers, app: { instances: 3, env: { B: '2' } } }
  await assertConverges(marathonApp, '/web', fewer, new FakeHost(), [
    'instances: 2 → 3',
    'env.B: - → "2"',
    'env.A: "1" → (nothing)',
  ])
  assert.deepEqual(await look('/web', { servers, app: { cmd: 'serve', labels: { a: 'b' } } }), [], 'the rest was kept')
  said.length = 0
  await apply('/web', fewer)
  assert.deepEqual(
    said.filter((line) => line.startsWith('PUT')),
    [],
    'it was PUT without need',
  )
})

test('marathon_app waits for a deployment that is under way, and its own after it', async (t) => {
  const { servers } = await scene(t, { deploymentMs: 700 })
  const first = apply('/web', { servers, app: web })
  while (!(await look('/web', { servers, app: web })).join().startsWith('deployment: '));
  assert.match((await look('/web', { servers, app: web })).join(), /^deployment: [0-9a-f-]+ under way → done$/)
  await apply('/web', { servers, app: { instances: 5 } })
  assert.deepEqual(await look('/web', { servers, app: { instances: 5 } }), [])
  await first
})

test('marathon_app tells why its tasks do not come up', async (t) => {
  const { servers } = await scene(t)
  await assert.rejects(
    apply('/web', { servers, app: { cmd: 'false' }, withinMs: 1500 }),
    /^Error: Waited \d+ ms for \/web to come up in vain: of 1 tasks 0 run and 0 are healthy; the last failure: TASK_FAILED on agent1: Command exited with status 1$/,
  )
})

test('marathon_app waits for a leader and takes another server where one is away', async (t) => {
  let tries = 0
  const { servers } = await scene(t, { hasLeader: () => ++tries > 2 })
  const props = { servers: ['http://127.0.0.1:1', ...servers], app: web }
  assert.match((await look('/web', props)).join(), /^answer: .*ECONNREFUSED.*; .*502: \{"message":"Could not determine/)
  await apply('/web', props)
  assert.deepEqual(await look('/web', props), [])
})

test('marathon_app deletes an app, and is done where there is none', async (t) => {
  const { servers } = await scene(t)
  await apply('/web', { servers, app: web })
  const absent = { servers, ensure: 'absent' as const }
  await assertConverges(marathonApp, '/web', absent, new FakeHost(), ['ensure: present → absent'])
  await apply('/web', absent)
})

test('marathon_app fails with what Marathon says to an app that it refuses', async (t) => {
  const refusing = createServer(({ method }, response) => {
    response.statusCode = method === 'GET' ? 404 : 422
    response.end('{"message":"Object is not valid","details":[{"path":"/cpus","errors":["must be >= 0"]}]}')
  })
  const servers = [`http://127.0.0.1:${await listening(t, refusing)}`]
  await assert.rejects(apply('/web', { servers, app: web }), /Marathon answers PUT of \/web with 422: .*must be >= 0/)
  const page = createServer((_request, response) => response.end('<html>'))
  const wrong = [`http://127.0.0.1:${await listening(t, page)}`]
  assert.match(
    (await look('/web', { servers: wrong, app: web })).join(),
    /is no Marathon of 1\.5 or later\. It says: <html>/,
  )
})

function problem(app: Record<string, unknown> | undefined, servers = ['http://localhost:8080']) {
  return marathonApp.problem?.('/web', marathonApp.props.parse({ servers, app }), {})
}

test('marathon_app refuses what Marathon would give back otherwise, and ids that it would not take', () => {
  assert.equal(problem(web), undefined)
  assert.match(problem(undefined) ?? '', /must say what it is/)
  assert.match(problem({ version: 'x' }) ?? '', /Marathon would go back to that version/)
  assert.match(problem({ uris: [] }) ?? '', /has uris in its app\. Write fetch/)
  assert.match(problem({ container: { docker: { portMappings: [] } } }) ?? '', /Write container\.portMappings/)
  assert.match(problem(web, ['https://a.example', 'http://b.example:8080']) ?? '', /asks b\.example by http:/)
  for (const id of ['/web', '/shop/web-1.v2']) assert(marathonApp.name.safeParse(id).success, id)
  for (const id of ['web', '/', '/a_b', '/A', '/-a', '/a-', '/a/', '/a/../b', '/a/versions'])
    assert.equal(marathonApp.name.safeParse(id).success, false, id)
})
