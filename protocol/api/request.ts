import type { Endpoint } from './endpoint.ts'

export interface ApiRequest {
  method: Endpoint['method']
  /** With the query. */
  path: string
  headers: Record<string, string>
  /** What is to be sent as JSON. */
  body?: Record<string, unknown>
}

/** Where an input goes: path parameters and headers, then the query of GET and DELETE or the JSON body of POST and PUT. */
export function requestFor(
  { method, path, headers: named = {} }: Pick<Endpoint, 'method' | 'path' | 'headers'>,
  input: object,
): ApiRequest {
  const rest = new Map<string, unknown>(Object.entries(input))
  const take = (name: string) => {
    const value = rest.get(name)
    rest.delete(name)
    return value
  }
  const filled = path.replaceAll(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(String(take(name))))
  const headers = Object.fromEntries(
    Object.entries(named).flatMap(([header, name]) => {
      const value = take(name)
      return typeof value === 'string' ? [[header, value]] : []
    }),
  )
  if (method === 'POST' || method === 'PUT') return { method, path: filled, headers, body: Object.fromEntries(rest) }
  const query = queryOf(rest)
  return { method, path: query ? `${filled}?${query}` : filled, headers }
}

function queryOf(fields: Map<string, unknown>) {
  const query = new URLSearchParams()
  for (const [name, value] of fields) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one))
  }
  return query.toString()
}
