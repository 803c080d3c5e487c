/** Where the console is: all of it is in the URL, so that a link shows what its sender saw. */
export interface Place {
  path: string
  query: Record<string, string>
}

/** The page that a path names; `:name` is a part of it. */
const routes = {
  '/': 'fleet',
  '/nodes': 'nodes',
  '/nodes/:node': 'node',
  '/nodes/:node/compare': 'compareNodes',
  '/runs/:run': 'run',
  '/orders': 'orders',
  '/orders/:order': 'order',
  '/roles': 'roles',
  '/roles/:role': 'role',
  '/recipes/:recipe': 'recipe',
  '/history': 'history',
  '/audit': 'audit',
  '/leases': 'leases',
  '/tokens': 'tokens',
} as const
export type PageName = (typeof routes)[keyof typeof routes]

export interface Route {
  page: PageName
  params: Record<string, string>
}

export function routeOf(path: string): Route | undefined {
  for (const [pattern, page] of Object.entries(routes)) {
    const params = match(pattern, path)
    if (params) return { page, params }
  }
  return undefined
}

function match(pattern: string, path: string) {
  const [wanted, given] = [pattern.split('/'), path.replace(/(?<=.)\/$/, '').split('/')]
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const actual = given[index] ?? ''
    if (part.startsWith(':') && actual !== '') params[part.slice(1)] = decode(actual)
    else if (part !== actual) return undefined
  }
  return params
}

function decode(text: string) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function placeOf(url: string): Place {
  const { pathname, searchParams } = new URL(url, 'https://console')
  return { path: pathname, query: Object.fromEntries(searchParams) }
}

/** `/nodes?state=failed`; what is empty is left out. */
export function hrefOf(path: string, query: Record<string, string | undefined> = {}) {
  const filled = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]))
  const text = new URLSearchParams(filled).toString()
  return text ? `${path}?${text}` : path
}

/** The path of one thing: `to('nodes', 'web-1')`. */
export function to(kind: 'nodes' | 'runs' | 'orders' | 'roles' | 'recipes', name: string) {
  return `/${kind}/${encodeURIComponent(name)}`
}

/** A node beside another; which, is chosen there if it is not said. */
export function compareHref(node: string, other?: string) {
  return hrefOf(`${to('nodes', node)}/compare`, { with: other })
}
