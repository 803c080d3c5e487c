import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { Ec2Rules, type Forward, Refused } from './ec2-rules.ts'

/** What becomes of a call: AWS's error, the connection cut before or after it was done, or an answer that comes late. */
export type Fault = { code: string; status?: number; words?: string } | 'cut before' | 'cut after' | { delayMs: number }

/** `ec2:RunInstances` and its parameters. */
export interface Call {
  action: string
  parameters: URLSearchParams
}

/** Sees a call before it is forwarded, and again when it is done and its answer not yet given; cuts the connection then, or lets it pass. */
export type Watcher = (call: Call, when: 'before' | 'after') => Promise<'cut' | 'pass'>

export interface Ec2Proxy {
  url: string
  /** What was asked, in order. */
  calls: Call[]
  /** Asked one after the other; more may be added. */
  watchers: Watcher[]
  rules: Ec2Rules
  /** Lets the next calls of the action go wrong, one fault each; a rehearsal is an action of its own: `RunInstances DryRun`. */
  fail(action: string, ...faults: Fault[]): void
  /** Actions whose faults have not struck. */
  unused(): string[]
  close(): Promise<void>
}

/** Stands before moto and plays what moto lacks of EC2. */
export async function startEc2Proxy(upstream: string): Promise<Ec2Proxy> {
  const faults = new Map<string, Fault[]>()
  const calls: Ec2Proxy['calls'] = []
  const watchers: Watcher[] = []
  const rules = new Ec2Rules()
  const isCut = async (call: Call, when: 'before' | 'after') => {
    const said = []
    for (const watch of watchers) said.push(await watch(call, when))
    return said.includes('cut')
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request)
    const call = parse(request, body)
    const { action, parameters } = call
    calls.push(call)
    const fault = faults.get(parameters.get('DryRun') === 'true' ? `${action} DryRun` : action)?.shift()
    if ((await isCut(call, 'before')) || fault === 'cut before') {
      response.destroy()
      return
    }
    if (typeof fault === 'object' && 'code' in fault) {
      throw new Refused(fault.code, fault.words ?? 'As the test wants it.', fault.status)
    }
    const forward: Forward = (asked) => send(upstream, request.headers, asked)
    const done = action.startsWith('ec2:')
      ? await rules.answer(action.slice('ec2:'.length), parameters, forward)
      : await send(upstream, request.headers, body)
    if ((await isCut(call, 'after')) || fault === 'cut after') {
      response.destroy()
      return
    }
    if (typeof fault === 'object' && 'delayMs' in fault) await wait(fault.delayMs)
    response.writeHead(done.status, { 'content-type': done.type }).end(done.text)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!(error instanceof Refused)) {
        response.destroy(error instanceof Error ? error : undefined)
        return
      }
      const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': '7a62c49f-347e-4fc4-9331-6e8eEXAMPLE' }
      response.writeHead(error.status, headers).end(error.xml())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    watchers,
    rules,
    fail: (action, ...more) => faults.set(`ec2:${action}`, [...(faults.get(`ec2:${action}`) ?? []), ...more]),
    unused: () => [...faults].filter(([, left]) => left.length > 0).map(([action]) => action),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** EC2 and STS speak the Query protocol, SSM says its action in a header. */
function parse({ headers }: IncomingMessage, body: Buffer) {
  const target = headers['x-amz-target']
  if (typeof target === 'string') {
    return { action: `ssm:${target.split('.')[1]}`, parameters: new URLSearchParams() }
  }
  const parameters = new URLSearchParams(body.toString())
  const service = /\/([a-z0-9]+)\/aws4_request/.exec(headers.authorization ?? '')?.[1] ?? 'unknown'
  return { action: `${service}:${parameters.get('Action')}`, parameters }
}

async function send(upstream: string, headers: IncomingHttpHeaders, body: Buffer | URLSearchParams) {
  const passed = ['authorization', 'content-type', 'x-amz-target', 'x-amz-date'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  const text = typeof body === 'object' && body instanceof URLSearchParams ? body.toString() : new Uint8Array(body)
  const response = await fetch(upstream, { method: 'POST', headers: Object.fromEntries(passed), body: text })
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? 'text/xml',
    text: await response.text(),
  }
}
