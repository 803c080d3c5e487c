import { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'
import type { Host } from '../host.ts'
import { type Answer, ask, askingOf, saidBy, sending, type Web } from './http-client.ts'
import { NotNow } from './not-now.ts'

const tryMs = 10_000

export interface Marathon extends Web {
  servers: string[]
}

const Held = z.object({ deployments: z.array(z.object({ id: z.string() })).default([]) })
const Failure = z.object({
  state: z.string().default('failed'),
  host: z.string().default('?'),
  message: z.string().default(''),
})

/** An app as Marathon gives it: with all that was declared, its own defaults, and how it does. */
export const App = z.looseObject({
  instances: z.int(),
  tasksRunning: z.int().default(0),
  tasksHealthy: z.int().default(0),
  healthChecks: z.array(z.unknown()).default([]),
  deployments: Held.shape.deployments,
  lastTaskFailure: Failure.nullish(),
})
export type App = z.infer<typeof App>

export async function findApp(id: string, marathon: Marathon, host: Host) {
  const answer = await request('GET', `/v2/apps${id}`, marathon, host)
  if (answer.status === 404) return undefined
  return readAs(z.object({ app: App }), succeeded('GET', id, answer)).app
}

/** Creates or changes the app, never by POST, which refuses one that is there. Gives the id of its deployment. */
export async function putApp(id: string, app: object, force: boolean, marathon: Marathon, host: Host) {
  const answer = await request('PUT', `/v2/apps${id}?force=${force}`, marathon, host, JSON.stringify(app))
  return deploymentOf(succeeded('PUT', id, answer))
}

export async function deleteApp(id: string, force: boolean, marathon: Marathon, host: Host) {
  const answer = await request('DELETE', `/v2/apps${id}?force=${force}`, marathon, host)
  return answer.status === 404 ? undefined : deploymentOf(succeeded('DELETE', id, answer))
}

/** That the deployment is over. Nobody says whether it went well: the app itself must tell. */
export async function assertOver(deployment: string, marathon: Marathon, host: Host) {
  const answer = await request('GET', '/v2/deployments', marathon, host)
  const deployments = readAs(Held.shape.deployments, succeeded('GET', '/v2/deployments', answer))
  if (deployments.some(({ id }) => id === deployment)) throw new NotNow(`deployment ${deployment} is under way`)
}

export function assertUp(app: App | undefined) {
  if (!app) throw new NotNow('it is not there')
  const { instances, deployments, tasksRunning, tasksHealthy, healthChecks, lastTaskFailure: last } = app
  const healthy = healthChecks.length > 0 ? tasksHealthy : tasksRunning
  if (deployments.length === 0 && tasksRunning >= instances && healthy >= instances) return
  const failure = last ? `; the last failure: ${last.state} on ${last.host}: ${last.message}` : ''
  throw new NotNow(`of ${instances} tasks ${tasksRunning} run and ${healthy} are healthy${failure}`)
}

function deploymentOf(answer: Answer) {
  return readAs(z.object({ deploymentId: z.string() }), answer).deploymentId
}

function succeeded(method: string, what: string, answer: Answer) {
  if (answer.status === 200 || answer.status === 201) return answer
  throw new Error(`Marathon answers ${method} of ${what} with ${saidBy(answer)}`)
}

function readAs<Schema extends z.ZodType>(schema: Schema, { text }: Answer) {
  const read = z.string().transform(parsed).pipe(schema).safeParse(text)
  if (read.success) return read.data
  throw new Error(`What answers is no Marathon of 1.5 or later. It says: ${text.slice(0, 200)}`)
}

function parsed(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Told as any other answer that is not what it should be.
    context.addIssue({ code: 'custom', message: 'no JSON' })
    return z.NEVER
  }
}

/** Of the first server that answers and has a leader; where none does, or the app is locked by a deployment, not now. Asking twice is safe: what is PUT again changes nothing. */
async function request(method: string, path: string, marathon: Marathon, host: Host, body?: string) {
  const asking = askingOf(marathon, host)
  const headers = { accept: 'application/json', ...asking.headers }
  const sent = sending(body, { ...asking, method, headers })
  const troubles: string[] = []
  for (const server of marathon.servers) {
    try {
      const answer = await ask(`${server.replace(/\/$/, '')}${path}`, sent, tryMs)
      if (answer.status === 409) throw new NotNow(`Marathon says: ${saidBy(answer)}`)
      if (answer.status !== 502 && answer.status !== 503) return answer
      troubles.push(`${server}: ${saidBy(answer)}`)
    } catch (error) {
      if (error instanceof NotNow) throw error
      troubles.push(messageOf(error))
    }
  }
  throw new NotNow(troubles.join('; '))
}
