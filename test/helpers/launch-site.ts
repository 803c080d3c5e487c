import { bringUp, survey } from '../../launcher/bring-up.ts'
import { join } from 'node:path'
import { parseClusterFile } from '../../launcher/cluster-file.ts'
import { LaunchBook } from '../../launcher/launch-book.ts'
import { Lookout } from '../../launcher/lookout.ts'
import type { Provider } from '../../launcher/provider.ts'
import { Server } from '../../launcher/server.ts'
import { ServerUrl } from '../../launcher/server-url.ts'
import type { Site } from '../../launcher/site.ts'
import type { Served } from './test-server.ts'

interface Given {
  file: string
  provider: Provider
  patienceMs?: number
  keepOnFailure?: boolean
  serverUrl?: string
  now?: () => number
}

/** What the launcher's verbs work with, in this process, and what it has told. Close it before the next one is opened. */
export async function openSite({ dir, client }: Served, given: Given) {
  const { file: text, provider, patienceMs = 20_000, keepOnFailure = false, now = Date.now } = given
  const { serverUrl = 'https://10.1.2.3:7600' } = given
  const file = parseClusterFile(text, 'cluster.yaml')
  const server = new Server(client, new ServerUrl(serverUrl, client.url, provider.hostAddress), file)
  const book = await LaunchBook.open(join(dir, 'state'), provider.scope, file)
  const told: string[] = []
  const lookout = new Lookout({
    machines: () => provider.machines(),
    nodes: () => server.nodes(),
    everyMs: 5,
    signal: new AbortController().signal,
    note: (line) => told.push(line),
  })
  const site: Site = {
    file,
    provider,
    server,
    book,
    lookout,
    tell: (node, phase) => told.push(`${node}: ${phase}`),
    patienceMs,
    keepOnFailure,
    now,
  }
  return { site, told, close: () => book.close() }
}

/** A cluster file of groups of the role `word`. */
export function clusterOf(counts: Record<string, number>, more = '') {
  const groups = Object.entries(counts).map(
    ([name, count]) => `  ${name}: { count: ${count}, roles: [word], instanceTypes: [t3.small, t3a.small] ${more} }`,
  )
  return ['cluster: c', 'defaults: { image: ami-12345678 }', 'groups:', ...groups].join('\n')
}

/** Does `work` as one launcher does. */
export async function on<Result>(served: Served, asked: Given, work: (site: Site) => Promise<Result>) {
  const { site, told, close } = await openSite(served, asked)
  try {
    return { told, result: await work(site) }
  } finally {
    close()
  }
}

/** As `trivet launch up`: gives the changes that it has done. */
export const up = (served: Served, asked: Given) =>
  on(served, asked, async (site) => {
    const changes = await survey(site)
    await bringUp(changes, site)
    return changes.map(({ action, what }) => `${action} ${what}`)
  })
