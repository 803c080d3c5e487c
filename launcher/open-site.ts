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
  const { provider: providerName, for: patienceMs, json = false } = asked
  const file = await readClusterFile(path)
  const [client, provider, screen] = await Promise.all([
    context.api(),
    makeProvider(providerName, file, (text) => context.output.note(text)),
    context.screen({ quiet: json }),
  ])
  const server = new Server(client, urlForNodes(asked['server-url'], client.url), file)
  const book = await LaunchBook.open(join(context.stateFolder, 'launch'), provider.scope, file)
  const progress = new Progress(screen, context.output)
  const lookout = new Lookout({
    machines: () => provider.machines(),
    nodes: () => server.nodes(),
    everyMs,
    signal: context.interrupted(),
    note: (text) => context.output.note(text),
  })
  const tell = (node: string, phase: string) => progress.tell(node, phase)
  try {
    return await work({
      file,
      provider,
      server,
      book,
      lookout,
      tell,
      patienceMs,
      keepOnFailure: asked['keep-on-failure'] ?? false,
      now: context.now,
    })
  } finally {
    screen.keep()
    book.close()
  }
}
