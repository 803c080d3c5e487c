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
import { Server } from './server.ts'
import { ServerUrl } from './server-url.ts'
import type { Site } from './site.ts'

/** Between two looks at all machines and nodes. */
const everyMs = 2000

export async function readClusterFile(path: string) {
  return checkedClusterFile(await readText(path), path)
}

export function readText(path: string) {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw cannotRead(path, error)
  })
}

/** As the cluster file at `path`, whether that is there yet or not. */
export function checkedClusterFile(text: string, path: string) {
  try {
    return parseClusterFile(text, path)
  } catch (error) {
    if (error instanceof ClusterFileError) throw new CommandError(error.message, { cause: error })
    throw error
  }
}

type Asked = Omit<SiteOptions, 'provider'>
type Work<Result> = (site: Site) => Promise<Result>

/** Does `work` with a cluster, which no other launcher works on meanwhile. */
export async function withSite<Result>(file: ClusterFile, asked: SiteOptions, context: Context, work: Work<Result>) {
  const provider = await makeProvider(asked.provider, file, (text) => context.output.note(text))
  return withProvider(file, provider, asked, context, work)
}

/** For who only looks, also while a launcher works. */
export async function lookAtSite<Result>(file: ClusterFile, asked: SiteOptions, context: Context, work: Work<Result>) {
  const provider = await makeProvider(asked.provider, file, (text) => context.output.note(text))
  const book = await LaunchBook.look(bookFolder(context), provider.scope, file)
  return withBook(file, { provider, book }, asked, context, work)
}

/** For what EC2 alone has. */
export async function withEc2Site<Result>(
  file: ClusterFile,
  asked: Asked,
  context: Context,
  work: (site: Site, provider: Ec2Provider) => Promise<Result>,
) {
  const provider = await makeEc2(file)
  return withProvider(file, provider, asked, context, (site) => work(site, provider))
}

async function withProvider<Result>(
  file: ClusterFile,
  provider: Provider,
  asked: Asked,
  context: Context,
  work: Work<Result>,
) {
  const book = await LaunchBook.open(bookFolder(context), provider.scope, file)
  try {
    return await withBook(file, { provider, book }, asked, context, work)
  } finally {
    book.close()
  }
}

const bookFolder = ({ stateFolder }: Context) => join(stateFolder, 'launch')

async function withBook<Result>(
  file: ClusterFile,
  { provider, book }: Pick<Site, 'provider' | 'book'>,
  asked: Asked,
  context: Context,
  work: Work<Result>,
): Promise<Result> {
  const [client, screen] = await Promise.all([context.api(), context.screen({ quiet: asked.json ?? false })])
  const url = new ServerUrl(asked['server-url'], client.url, provider.hostAddress)
  const server = new Server(client, url, file)
  const progress = new Progress(screen, context.output)
  const signal = context.interrupted()
  const tellOfIt = () =>
    context.output.note('Interrupted: what is asked for already is finished. Ctrl-C once more ends at once.')
  signal.addEventListener('abort', tellOfIt, { once: true })
  const lookout = new Lookout({
    machines: () => provider.machines(),
    nodes: () => server.nodes(),
    everyMs,
    signal,
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
  }
}
