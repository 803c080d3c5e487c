import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'

interface FakeTask {
  id: string
  state: string
  port: number
  alive: boolean | undefined
  server: Server
  startedAt: number
}

interface FakeApp {
  id: string
  more: Record<string, unknown>
  tasks: FakeTask[]
}

/**
 * As much of Marathon as the bridge reads, with tasks that really serve HTTP from this process. It kills as Mesos does: the task stops at once, with its requests
 * answered or not, and whoever asks is told in the same moment.
 */
export class FakeMarathon {
  readonly #host: string
  readonly #server: Server
  readonly #apps = new Map<string, FakeApp>()
  readonly #streams = new Set<ServerResponse>()
  readonly #heart: NodeJS.Timeout
  /** Said in the place of the apps. */
  instead: string | undefined
  url = ''

  constructor(host = '127.0.0.1', heartbeatMs = 10_000) {
    this.#host = host
    this.#server = createServer((request, response) => {
      if (request.url?.startsWith('/v2/events')) this.#attach(request.headers.accept, response)
      else if (request.url === '/v2/apps?embed=apps.tasks') this.#tell(response)
      else response.writeHead(404).end()
    })
    this.#heart = setInterval(() => this.#say('\r\n'), heartbeatMs)
  }

  async start(port = 0) {
    this.#server.listen(port, this.#host)
    await once(this.#server, 'listening')
    this.url = `http://${this.#host}:${portOf(this.#server)}`
    return this
  }

  /** Nobody answers there any more; its tasks go on. */
  async stop() {
    for (const stream of this.#streams) stream.destroy()
    this.#server.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => setImmediate(resolve))
  }

  async end() {
    clearInterval(this.#heart)
    await this.stop()
    for (const app of this.#apps.values()) for (const { server } of app.tasks) server.closeAllConnections()
    for (const app of this.#apps.values()) for (const { server } of app.tasks) server.close()
  }

  put(id: string, more: Record<string, unknown>) {
    this.#apps.set(id, { id, more, tasks: this.#apps.get(id)?.tasks ?? [] })
    this.event('api_post_event')
  }

  remove(id: string) {
    const app = this.#apps.get(id)
    this.#apps.delete(id)
    // Its tasks go with it: one that listened on would keep this process.
    if (app) while (app.tasks.length > 0) this.#kill(app)
    this.event('app_terminated_event')
  }

  /** Starts or kills so that there are so many; gives the time of each event by which a new one was told to run. */
  async scale(id: string, count: number): Promise<Map<string, number>> {
    const app = this.#apps.get(id)
    if (!app) throw new Error(`no app ${id}`)
    const told = new Map<string, number>()
    while (app.tasks.length > count) this.#kill(app)
    while (app.tasks.length < count) {
      const task = await this.#launch(app)
      this.event('status_update_event', { taskId: task.id, taskStatus: 'TASK_RUNNING' })
      told.set(task.id, performance.now())
    }
    return told
  }

  event(eventType: string, more: Record<string, unknown> = {}) {
    const data = JSON.stringify({ eventType, timestamp: new Date().toISOString(), ...more })
    this.#say(`event: ${eventType}\r\ndata: ${data}\r\n\r\n`)
  }

  async #launch(app: FakeApp) {
    const id = `${app.id.slice(1).replaceAll('/', '_')}.${randomUUID()}`
    const server = createServer((_, response) => {
      response.writeHead(200, { 'x-task': id, 'content-type': 'text/plain' })
      response.end('hello\n')
    })
    server.keepAliveTimeout = 60_000
    server.listen(0, this.#host)
    await once(server, 'listening')
    const alive = app.more['healthChecks'] === undefined ? undefined : true
    const task = { id, state: 'TASK_RUNNING', port: portOf(server), alive, server, startedAt: Date.now() }
    app.tasks.push(task)
    return task
  }

  /** The youngest first, as Marathon does. */
  #kill(app: FakeApp) {
    const task = app.tasks.pop()
    if (!task) return
    task.server.close()
    task.server.closeAllConnections()
    this.event('status_update_event', { taskId: task.id, taskStatus: 'TASK_KILLED' })
  }

  #told({ id, more, tasks }: FakeApp) {
    return {
      id,
      ...more,
      tasks: tasks.map((task) => ({
        id: task.id,
        appId: id,
        host: this.#host,
        ports: [task.port],
        state: task.state,
        startedAt: new Date(task.startedAt).toISOString(),
        ...(task.alive === undefined ? {} : { healthCheckResults: [{ alive: task.alive, instanceId: task.id }] }),
      })),
    }
  }

  #tell(response: ServerResponse) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(this.instead ?? JSON.stringify({ apps: [...this.#apps.values()].map((app) => this.#told(app)) }))
  }

  #attach(accept: string | undefined, response: ServerResponse) {
    if (accept !== 'text/event-stream') {
      response.writeHead(405).end()
      return
    }
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { 'content-type': 'text/event-stream;charset=utf-8', connection: 'close' })
    response.flushHeaders()
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
    this.event('event_stream_attached', { remoteAddress: '127.0.0.1' })
  }

  #say(text: string) {
    for (const stream of this.#streams) stream.write(text)
  }
}

function portOf(server: Server) {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  return address.port
}
