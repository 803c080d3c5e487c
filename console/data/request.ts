import type { Endpoint } from '../../protocol/api/endpoint.ts'

/** Where an input goes: path parameters, then the query of GET and DELETE or the JSON body of POST and PUT. */
export function requestOf({ method, path }: Pick<Endpoint, 'method' | 'path'>, input: object) {
  const rest = new Map<string, unknown>(Object.entries(input))
  const filled = path.replaceAll(/:(\w+)/g, (_whole, name: string) => {
    const value = String(rest.get(name))
    rest.delete(name)
    return encodeURIComponent(value)
  })
  if (method === 'POST' || method === 'PUT')
    return { method, url: filled, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams()
  for (const [name, value] of rest)
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== '') query.append(name, String(one))
  return { method, url: query.size > 0 ? `${filled}?${query}` : filled }
}
