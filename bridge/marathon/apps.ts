import { z } from 'zod'
import type { App, Complaint, Task, TaskState } from '../model/app.ts'

/** Segments of letters, digits, dots and dashes. An underscore is what stands for a slash in the names that are made of it. */
const AppId = z
  .string()
  .max(500)
  .regex(/^(\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?)+$/, 'no id of an app')
const HostPort = z.int().min(0).max(65535)
// It goes into a lookup alone, and what comes of that into the configuration.
const Host = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?$/, 'no name of a host')

const TaskTold = z.object({
  id: z.string().max(1000),
  host: Host,
  ports: z.array(HostPort).nullish(),
  state: z.string().nullish(),
  startedAt: z.string().nullish(),
  ipAddresses: z.array(z.object({ ipAddress: z.ipv4() })).nullish(),
  healthCheckResults: z.array(z.object({ alive: z.boolean() }).nullable()).nullish(),
})

const PortMapping = z.object({
  containerPort: HostPort.nullish(),
  servicePort: HostPort.nullish(),
  protocol: z.string().nullish(),
})
const PortMappings = z.array(PortMapping).nullish()

const AppTold = z.object({
  id: AppId,
  labels: z.record(z.string(), z.string()).nullish(),
  instances: z.int().min(0).nullish(),
  portDefinitions: z.array(z.object({ port: HostPort.nullish(), protocol: z.string().nullish() })).nullish(),
  ports: z.array(HostPort).nullish(),
  networks: z.array(z.object({ mode: z.string().nullish() })).nullish(),
  container: z
    .object({ portMappings: PortMappings, docker: z.object({ portMappings: PortMappings }).nullish() })
    .nullish(),
  healthChecks: z
    .array(
      z.object({
        protocol: z.string().nullish(),
        path: z.string().nullish(),
        portIndex: z.int().nullish(),
        port: z.int().nullish(),
        timeoutSeconds: z.number().nullish(),
      }),
    )
    .nullish(),
  tasks: z.array(z.unknown()).nullish(),
})
type AppTold = z.infer<typeof AppTold>

const AppsTold = z.object({ apps: z.array(z.unknown()) })

/** What `GET /v2/apps?embed=apps.tasks` says. Throws where that is no list of apps; one bad app, or task, is left out alone. */
export function readApps(body: unknown): { apps: App[]; complaints: Complaint[] } {
  const told = AppsTold.safeParse(body)
  if (!told.success) throw new Error(`the answer is no list of apps: ${first(told.error)}`)
  const complaints: Complaint[] = []
  const apps = told.data.apps.flatMap((one) => {
    const app = AppTold.safeParse(one)
    if (app.success) return [appOf(app.data, complaints)]
    complaints.push({ app: nameOf(one), effect: 'app dropped', text: `Marathon tells it wrongly: ${first(app.error)}` })
    return []
  })
  return { apps, complaints }
}

function appOf(told: AppTold, complaints: Complaint[]): App {
  const isOnOwnNetwork = told.networks?.some(({ mode }) => mode === 'container') ?? false
  const tasks = (told.tasks ?? []).flatMap((one): Task[] => {
    const task = TaskTold.safeParse(one)
    if (task.success) return [taskOf(task.data, isOnOwnNetwork)]
    const text = `Marathon tells the task ${nameOf(one)} wrongly: ${first(task.error)}`
    complaints.push({ app: told.id, effect: 'task dropped', text })
    return []
  })
  const checks = (told.healthChecks ?? []).map(({ protocol, path, portIndex, port, timeoutSeconds }) => ({
    protocol: protocol ?? 'HTTP',
    path: path ?? undefined,
    // A check of a fixed port says nothing of the others.
    portIndex: portIndex ?? (port === undefined || port === null ? 0 : undefined),
    timeoutSeconds: timeoutSeconds ?? 20,
  }))
  return { id: told.id, labels: told.labels ?? {}, ports: portsOf(told), checks, instances: told.instances ?? 0, tasks }
}

function portsOf({ container, portDefinitions, ports }: AppTold): App['ports'] {
  const mappings = container?.portMappings ?? container?.docker?.portMappings
  if (mappings && mappings.length > 0) {
    return mappings.map(({ servicePort, protocol, containerPort }) => ({
      servicePort: servicePort ?? 0,
      protocol: protocol ?? 'tcp',
      containerPort: containerPort ?? undefined,
    }))
  }
  if (portDefinitions)
    return portDefinitions.map(({ port, protocol }) => ({ servicePort: port ?? 0, protocol: protocol ?? 'tcp' }))
  return (ports ?? []).map((port) => ({ servicePort: port, protocol: 'tcp' }))
}

function taskOf(told: z.infer<typeof TaskTold>, isOnOwnNetwork: boolean): Task {
  const results = (told.healthCheckResults ?? []).filter((result) => result !== null)
  return {
    id: told.id,
    host: told.host,
    address: isOnOwnNetwork ? told.ipAddresses?.[0]?.ipAddress : undefined,
    ports: told.ports ?? [],
    state: stateOf(told),
    alive: results.length === 0 ? undefined : results.some(({ alive }) => alive),
  }
}

/** Marathon 0.7 tells no state: there a task that has started runs. */
function stateOf({ state, startedAt }: z.infer<typeof TaskTold>): TaskState {
  if (state === undefined || state === null) return startedAt ? 'running' : 'other'
  if (state === 'TASK_RUNNING') return 'running'
  return state === 'TASK_UNREACHABLE' || state === 'TASK_LOST' ? 'unreachable' : 'other'
}

function nameOf(told: unknown) {
  const named = z.object({ id: z.string() }).safeParse(told)
  return named.success ? JSON.stringify(named.data.id.slice(0, 100)) : 'without an id'
}

function first({ issues }: z.ZodError) {
  const [issue] = issues
  return issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : 'unknown'
}
