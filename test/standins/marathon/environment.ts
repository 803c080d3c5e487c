import type { App } from './app.ts'
import type { Instance } from './plan.ts'

const variableOf = (text: string) => text.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')

/** What a task finds in its environment; what the app itself sets wins. */
export function environmentOf(app: App, { taskId, host, ports, version }: Instance): Record<string, string> {
  const labels = Object.entries(app.labels).filter(([, value]) => value.length < 512)
  const named = Object.fromEntries(labels.map(([key, value]) => [`MARATHON_APP_LABEL_${variableOf(key)}`, value]))
  return {
    HOST: host,
    ...portsOf(app, ports),
    MESOS_TASK_ID: taskId,
    MARATHON_APP_ID: app.id,
    MARATHON_APP_VERSION: version,
    ...(app.container?.docker && { MARATHON_APP_DOCKER_IMAGE: app.container.docker.image }),
    MARATHON_APP_RESOURCE_CPUS: String(app.cpus),
    MARATHON_APP_RESOURCE_MEM: String(app.mem),
    MARATHON_APP_RESOURCE_DISK: String(app.disk),
    MARATHON_APP_RESOURCE_GPUS: String(app.gpus),
    MARATHON_APP_LABELS: labels.map(([key]) => variableOf(key)).join(' '),
    ...named,
    ...app.env,
  }
}

function portsOf(app: App, ports: number[]): Record<string, string> {
  if (ports.length === 0) return {}
  const mappings = app.container?.portMappings
  const asked =
    app.portDefinitions?.map(({ port, name }) => ({ port, name })) ??
    (mappings ?? []).map(({ containerPort, name }) => ({ port: containerPort, name }))
  // A container listens on its own ports.
  const inside = mappings ? mappings.map(({ containerPort }, index) => containerPort || (ports[index] ?? 0)) : ports
  return {
    PORT: String(inside[0]),
    PORTS: inside.join(','),
    ...Object.fromEntries(inside.map((port, index) => [`PORT${index}`, String(port)])),
    ...Object.fromEntries(
      asked.flatMap(({ port, name }, index) => [
        ...(port === 0 ? [] : [[`PORT_${port}`, String(inside[index])]]),
        ...(name === undefined ? [] : [[`PORT_${variableOf(name)}`, String(inside[index])]]),
      ]),
    ),
  }
}
