import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../cli/command.ts'
import type { Context } from '../cli/context.ts'
import { cannotRead } from '../cli/write-safely.ts'
import { ClusterFileError, parseClusterFile } from './cluster-file.ts'
import { LaunchBook } from './launch-book.ts'
import { Lookout } from './lookout.ts'
import type { SiteOptions } from './options.ts'
import { Progress } from './progress.ts'
import { makeProvider } from './providers.ts'
import { urlForNodes } from './server-url.ts'
import { Server } from './server.ts'
import type { Site } from './site.ts'

/** Between two looks at all machines and nodes. */
const everyMs = 2000

export async function readClusterFile(path: string) {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw cannotRead(path, error)
  })
  try {
    return parseClusterFile(text, path)
  } catch (error) {
    if (error instanceof ClusterFileError) throw new CommandError(error.message, { cause: error })
    throw error
  }
}

/** Does `work` with the cluster of a file, which no other launcher works on meanwhile. */
export async function withSite<Result>(
  path: string,
  asked: SiteOptions,
  context: Context,
  work: (site: Site) => Promise<Result>,
): Promise<Result> {
  const file = await readClusterFile(path)
  const note = (text: string) => context.output.note(text)
  const [client, provider, screen] = await Promise.all([
    context.api(),
    makeProvider(asked.provider, file, note),
    context.screen({ quiet: asked.json ?? false }),
  ])
  const server = new Server(client, urlForNodes(asked['server-url'], client.url), file)
  const book = await LaunchBook.open(join(context.stateFolder, 'launch'), provider.scope, file)
  const progress = new Progress(screen, context.output)
  const machines = () => provider.machines()
  const nodes = () => server.nodes()
  const lookout = new Lookout({ machines, nodes, everyMs, signal: context.interrupted(), note })
  const site: Site = {
    file,
    provider,
    server,
    book,
    lookout,
    tell: (node, phase) => progress.tell(node, phase),
    patienceMs: asked.for,
    keepOnFailure: asked['keep-on-failure'] ?? false,
    now: context.now,
  }
  try {
    return await work(site)
  } finally {
    screen.keep()
    book.close()
  }
}
