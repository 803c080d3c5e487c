import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { hostname as localName, userInfo } from 'node:os'
import { type Call, ok, type Route, serve } from '../shared/http.ts'
import { die, dieOfErrors, log } from '../shared/program.ts'
import type { ToFramework } from '../shared/protocol.ts'
import { parseZkUrl, ZooKeeper } from '../shared/zookeeper.ts'
import { appRoutes } from './apps-api.ts'
import { Driver } from './driver.ts'
import { EventStreams } from './events.ts'
import { argumentsOf, OptionError, type Options, parseOptions } from './flags.ts'
import { Group } from './group.ts'
import { HealthChecker } from './health.ts'
import { Latch } from './latch.ts'
import { proxy } from './proxy.ts'
import { instanceIdOf, Scheduler } from './scheduler.ts'
import { Store } from './store.ts'
import { systemRoutes } from './system-api.ts'
import { taskRoutes } from './tasks-api.ts'

/** As Marathon's own: what a supervisor may read of its end. */
const exitCode = {
  zkConnect: 100,
  zkLost: 101,
  abdicated: 103,
  leadershipLost: 104,
  driver: 106,
  tornDown: 110,
  bind: 111,
  flags: 112,
}

dieOfErrors(137)
const options = optionsOrExit()
// Its place in the package of Mesos; a loader finds it there without being told.
const library = process.env.MESOS_NATIVE_JAVA_LIBRARY ?? '/usr/lib/libmesos.so'
if (!existsSync(library))
  die(
    `java.lang.UnsatisfiedLinkError: Failed to load native Mesos library from ${library}: the package mesos is not installed`,
  )

const hostname = options.hostname === '<local hostname>' || !options.hostname ? localName() : options.hostname
const port = Number(options.http_port)
const self = `${hostname}:${port}`
const zkUrl = parseZkUrl(options.zk ?? '') ?? { hosts: '', path: '' }
const user = options.mesos_user ?? userInfo().username

const streams = new EventStreams(Number(options.event_stream_max_outstanding_messages))
const emit = (eventType: string, keys: object) => streams.emit(eventType, keys)
let latch: Latch | undefined
let frameworkId: string | undefined
let isReady = false
let routes: Route[] = []

const anyPath = /^(\/.*)$/
const server = serve(
  [
    { method: 'GET', path: /^\/ping\/*$/, handler: ping },
    { method: '*', path: anyPath, handler: answer },
  ],
  {
    'cache-control': 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
    expires: '0',
    'x-frame-options': 'DENY',
    'x-xss-protection': '1; mode=block',
  },
)
server.on('error', (error) => die(`Failed to bind port ${port}: ${error.message}`, exitCode.bind))
server.listen(port, options.http_address ?? '0.0.0.0')
await once(server, 'listening')
log(`Starting Marathon 1.10.26 (a stand-in of Trivet's tests) as ${self}`)

const zk = await ZooKeeper.connect(
  zkUrl.hosts,
  Number(options.zk_session_timeout),
  Number(options.zk_connection_timeout),
)
if (!zk)
  die(`Failed to connect to ZooKeeper at ${zkUrl.hosts} within ${options.zk_connection_timeout} ms`, exitCode.zkConnect)
zk.onLost(() => die('Lost connection to ZooKeeper', exitCode.zkLost))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void leave(143))

const store = new Store(zk, zkUrl.path)
const group = new Group(store, emit, Number(options.zk_max_versions))
const driver = new Driver({
  master: options.master ?? '',
  sessionMs: Number(options.zk_session_timeout),
  framework: () => ({
    ...(frameworkId !== undefined && { id: frameworkId }),
    name: options.framework_name ?? 'marathon',
    user,
    hostname,
    webuiUrl: options.webui_url ?? `http://${self}`,
    checkpoint: options.checkpoint !== 'false',
    failoverMs: Number(options.failover_timeout) * 1000,
    role: options.mesos_role ?? '*',
  }),
  heard,
  disconnected: () => {
    scheduler.disconnected()
    emit('scheduler_disconnected_event', {})
  },
  lost: () => die('Lost the ZooKeeper of Mesos', exitCode.driver),
})
const scheduler = new Scheduler({
  group,
  store,
  user,
  emit,
  say: (message) => driver.say(message),
  launchTimeoutMs: Number(options.task_launch_timeout),
})
latch = new Latch(zk, zkUrl.path, self)
await latch.stand(
  () => void lead(),
  (why) => die(why, exitCode.leadershipLost),
)

async function lead() {
  log('Elected as leader')
  await store.open()
  await group.load()
  await scheduler.load()
  frameworkId = (await store.readAll('framework:id')).get('framework:id')?.replaceAll('"', '')
  const parts = {
    group,
    scheduler,
    emit,
    localPorts: { min: Number(options.local_port_min), max: Number(options.local_port_max) },
    role: options.mesos_role ?? '*',
    maxApps: options.max_apps === undefined ? undefined : Number(options.max_apps),
  }
  const system = systemRoutes({
    options,
    self,
    frameworkId: () => frameworkId,
    uiUrl: () => driver.uiUrl,
    streams,
    leave: () => void leave(exitCode.abdicated),
  })
  routes = [...system, ...taskRoutes(parts), ...appRoutes(parts)]
  startHealthChecks()
  isReady = true
  await driver.start()
}

function heard(message: ToFramework) {
  if (message.type === 'subscribed') {
    const isFirst = frameworkId === undefined
    frameworkId = message.frameworkId
    store.put('framework:id', frameworkId)
    scheduler.subscribed(frameworkId)
    emit(isFirst ? 'scheduler_registered_event' : 'scheduler_reregistered_event', {
      ...(isFirst && { frameworkId }),
      master: message.master,
    })
  } else if (message.type === 'offers') scheduler.offered(message.offers)
  else if (message.type === 'update') scheduler.told(message.status)
  else if (message.message.includes('removed')) {
    // The next one must not try the same id again.
    store.put('framework:id', undefined)
    void store.settled().then(() => die(`Framework error: ${message.message}`, exitCode.tornDown))
  } else die(`Framework error: ${message.message}`, exitCode.driver)
}

function startHealthChecks() {
  const checker = new HealthChecker({
    instances: () =>
      [...scheduler.instances.values()].flatMap((instance) => {
        const app =
          group.versionsOf(instance.appId).find(({ version }) => version === instance.version) ??
          group.app(instance.appId)
        return app && !instance.killing ? [{ app, instance }] : []
      }),
    changed: (app, instance, check, { alive }, was) => {
      const { taskId, version } = instance
      const ids = { appId: app.id, instanceId: instanceIdOf(taskId), version }
      if (!alive) emit('failed_health_check_event', { ...ids, healthCheck: check })
      if (alive === was) return
      emit('health_status_changed_event', { ...ids, alive })
      emit('instance_health_changed_event', {
        instanceId: ids.instanceId,
        runSpecId: app.id,
        healthy: alive,
        runSpecVersion: version,
      })
      scheduler.tick()
    },
    hopeless: (instance) => {
      const { taskId, appId, host, agentId, version } = instance
      log(`${taskId} is killed, as its health check fails`)
      emit('unhealthy_instance_kill_event', {
        appId,
        taskId,
        instanceId: instanceIdOf(taskId),
        version,
        host,
        slaveId: agentId,
        reason: 'health check',
      })
      scheduler.kill(instance)
    },
  })
  return checker
}

async function answer(call: Call) {
  const { path, request, response } = call
  if (!latch?.isLeading) {
    const isStream = /^\/v2\/events\/*$/.test(path)
    if (isStream && latch?.leader !== undefined)
      return { status: 302, headers: { location: `http://${latch.leader}${request.url}` } }
    return latch
      ? proxy(call, latch, self)
      : { status: 502, body: { message: 'Could not determine the current leader' } }
  }
  if (!isReady) return { status: 503, body: { message: 'This leader is not ready yet' } }
  response.setHeader('X-Marathon-Leader', `http://${self}`)
  const here = routes.filter((route) => route.path.test(path))
  const route = here.find(({ method }) => method === '*' || method === call.method)
  if (!route)
    return {
      status: here.length > 0 ? 405 : 404,
      body: { message: here.length > 0 ? 'Method not allowed' : 'URI not found' },
    }
  const parts = (route.path.exec(path) ?? []).slice(1).map((one) => decodeURIComponent(one ?? ''))
  const given = await route.handler({ ...call, parts })
  // What was answered must outlive us.
  await store.settled()
  return given
}

function ping({ request }: Call) {
  return request.headers.accept?.includes('application/json')
    ? { status: 200, body: '"pong"', headers: { 'content-type': 'application/json' } }
    : ok('pong')
}

async function leave(code: number) {
  await zk?.close()
  die(`Exiting with ${code}`, code)
}

function optionsOrExit(): Options {
  try {
    const parsed = parseOptions([...argumentsOf(process.env), ...process.argv.slice(2)])
    if (!('help' in parsed && parsed.help === 'true') && parsed.version !== 'true') return parsed
    process.stdout.write(parsed.version === 'true' ? '1.10.26\n' : 'Usage: marathon [OPTION]...\n')
    return process.exit(0)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    process.stderr.write(`[scallop] Error: ${error.message}\n`)
    return process.exit(exitCode.flags)
  }
}
