import { once } from 'node:events'
import { createServer } from 'node:net'
import { hasCode } from '../../protocol/errors.ts'
import type { Complaint } from '../model/app.ts'
import type { Model } from '../model/model.ts'

/**
 * Leaves out the service ports where something else on this node listens: `haproxy -c` does not see that, and not one port of a configuration is served
 * where one of them cannot be.
 */
export async function withoutTaken(model: Model, listening: Set<number>, address: string): Promise<Model> {
  const complaints: Complaint[] = []
  const taken = new Set<string>()
  for (const { name, app, listen } of model.backends) {
    if (listen === undefined || listening.has(listen) || (await isFree(listen, address))) continue
    taken.add(name)
    const text = `something else listens on ${address}:${listen} of this node. Give it another service port.`
    complaints.push({ app, effect: 'port dropped', text })
  }
  return complaints.length === 0 ? model : leaveOut(model, taken, complaints)
}

/** The same model without these backends. */
export function leaveOut(model: Model, names: Set<string>, complaints: Complaint[]): Model {
  return {
    backends: model.backends.filter(({ name }) => !names.has(name)),
    routes: model.routes.filter(({ backend }) => !names.has(backend)),
    fallback: model.fallback !== undefined && names.has(model.fallback) ? undefined : model.fallback,
    complaints: [...model.complaints, ...complaints],
  }
}

async function isFree(port: number, address: string) {
  const server = createServer()
  try {
    server.listen(port, address)
    await once(server, 'listening')
  } catch (error) {
    // What only root may listen on is haproxy's to find out.
    return !hasCode(error, 'EADDRINUSE')
  }
  server.close()
  await once(server, 'close')
  return true
}
