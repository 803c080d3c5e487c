import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../cli/command.ts'
import type { Context } from '../cli/context.ts'
import { cannotRead } from '../cli/write-safely.ts'
import { type ClusterFile, ClusterFileError, parseClusterFile } from './cluster-file.ts'
import type { Ec2Provider } from './ec2/provider.ts'
import { LaunchBook } from './launch-book.ts'
import { Lookout } from './lookout.ts'
import type { SiteOptions } from './options.ts'
import { Progress } from './progress.ts'
import type { Provider } from './provider.ts'
import { makeEc2, makeProvider } from './providers.ts'
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
  const provider = await makeProvider(asked.provider, file, (text) => context.output.note(text))
  return withProvider(file, provider, asked, context, work)
}

/** For what EC2 alone has. */
export async function withEc2Site<Result>(
  path: string,
  asked: Omit<SiteOptions, 'provider'>,
  context: Context,
  work: (site: Site, provider: Ec2Provider) => Promise<Result>,
): Promise<Result> {
  const file = await readClusterFile(path)
  const provider = await makeEc2(file)
  return withProvider(file, provider, asked, context, (site) => work(site, provider))
}

async function withProvider<Result>(
  file: ClusterFile,
  provider: Provider,
  asked: Omit<SiteOptions, 'provider'>,
  context: Context,
  work: (site: Site) => Promise<Result>,
): Promise<Result> {
  const [client, screen] = await Promise.all([context.api(), context.screen({ quiet: asked.json ?? false })])
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
  const keepOnFailure = asked['keep-on-failure'] ?? false
  try {
    return await work({
      file,
      provider,
      server,
      book,
      lookout,
      tell,
      patienceMs: asked.for,
      keepOnFailure,
      now: context.now,
    })
  } finally {
    screen.keep()
    book.close()
  }
}
