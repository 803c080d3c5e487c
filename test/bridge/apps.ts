import { BridgeConfig } from '../../bridge/config.ts'
import { readApps } from '../../bridge/marathon/apps.ts'
import { buildModel } from '../../bridge/model/model.ts'
import { layOut, type LaidOut } from '../../bridge/model/layout.ts'
import { render } from '../../bridge/haproxy/text.ts'

export function configOf(more: Record<string, unknown> = {}) {
  return BridgeConfig.parse({
    node: { address: '10.0.0.21', names: ['slave-1'] },
    marathons: ['http://10.0.0.11:8080'],
    ...more,
  })
}

export const nothing: LaidOut = { layout: new Map(), leaving: new Map() }
export const addresses = new Map([
  ['slave-1', '10.0.0.21'],
  ['slave-2', '10.0.0.22'],
])

/** As Marathon tells them. */
export function told(id: string, more: Record<string, unknown> = {}) {
  return { id, portDefinitions: [{ port: 10080, protocol: 'tcp' }], tasks: [taskOf(id, 'slave-1', 31001)], ...more }
}

export function taskOf(app: string, host: string, port: number, more: Record<string, unknown> = {}) {
  const id = `${app.slice(1).replaceAll('/', '_')}.${host}-${port}`
  return { id, host, ports: [port], state: 'TASK_RUNNING', ...more }
}

export function modelOf(apps: unknown[], more: Record<string, unknown> = {}, owners = new Map<number, string>()) {
  return buildModel({ ...readApps({ apps }), owners, addresses }, configOf(more))
}

export function textOf(apps: unknown[], more: Record<string, unknown> = {}) {
  const model = modelOf(apps, more)
  return render(model, layOut(model, nothing, 0, 0).layout, configOf(more)).text
}

export function complaintsOf(apps: unknown[], more: Record<string, unknown> = {}) {
  return modelOf(apps, more).complaints.map(({ app, effect, text }) => `${app}: ${effect}: ${text}`)
}
