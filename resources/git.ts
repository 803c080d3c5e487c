import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences } from './define.ts'
import { assertOurs, checkOut, fetchUnlessThere, headOf, ownerOf, strayIn, unfinished } from './git/checkout.ts'
import { removeTree } from './files/remove-tree.ts'
import { commitOf, GitUrl, isHash, mustGit, Revision, runGit, schemeOf } from './git/command.ts'
import { type Foreseen, Unforeseeable } from './host.ts'
import { urlProblem, webProps } from './web/http-client.ts'
import { AccountName, Path, presence } from './names.ts'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the repository is to be there.'),
  url: GitUrl.describe('Where it comes from: https:, ssh: with a key that `user` has, or a path on this node.'),
  revision: Revision.describe(
    'A branch, a tag, or a full commit hash. With a hash the remote is asked only when that is not there yet, else each time.',
  ),
  clean: z
    .boolean()
    .default(false)
    .describe(
      'Whether what somebody changed on the node is thrown away, and files that are neither tracked nor ignored are removed. Else changes stay, and no other revision is checked out over them.',
    ),
  user: AccountName.optional().describe('Who owns it and runs git. Left out, the user of the agent: root.'),
  ca: webProps.ca.describe(
    'A PEM file on the node with the authorities that are believed. Left out, those of the node.',
  ),
  insecure: webProps.insecure,
  withinMs: z.int().min(1000).max(86_400_000).default(600_000).describe('How long one command of git may take.'),
})
type Want = z.infer<typeof Props>

export const git = defineResource({
  type: 'git',
  summary:
    'A git repository with one commit checked out, on no branch. Its hooks are not run, and its submodules not fetched. The node needs the package git.',
  example: `git('/srv/site', { url: '/srv/site.git', revision: 'main', user: 'www-data' })`,
  name: Path,
  props: Props,
  problem: (_name, { url, insecure }) => (schemeOf(url) === 'http' ? urlProblem(url, insecure) : undefined),
  paths: (path) => [path, join(path, '.git/HEAD')],

  async check(path, want, host) {
    const found = host.files.stat(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'directory') }, { ensure: 'absent' })
    const isBroken = host.files.stat(join(path, '.git', unfinished)) !== undefined
    const to = await commitOf(want.revision, want, host).catch(
      (error: unknown) => `${want.revision}, which cannot be told: ${messageOf(error)}`,
    )
    return [
      ...differences({ ensure: presence(found, 'directory') }, { ensure: 'present' }),
      ...differences({ revision: await headOf(path, want, host) }, { revision: to }),
      ...(isBroken ? [{ what: 'checkout', from: 'unfinished', to: 'done' }] : []),
      ...(want.clean ? await strayIn(path, want, host) : []),
    ]
  },

  async apply(path, want, host) {
    await assertOurs(path, want, host)
    if (want.ensure === 'absent') return removeTree(path, host)
    const commit = await commitOf(want.revision, want, host)
    if (!host.files.stat(path)) host.files.makeDirectory(path, ownerOf(want, host))
    const run = (...args: string[]) => mustGit(['-C', path, ...args], want, host)
    if (!host.files.stat(join(path, '.git'))) await run('init', '--quiet', '--template=')
    await run('config', 'remote.origin.url', want.url)
    await run('config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*')
    await fetchUnlessThere(path, commit, want, host)
    await checkOut(path, commit, want, host)
  },

  effects: foresee,
})

async function foresee(path: string, want: Want, foreseen: Foreseen, changes: Change[]) {
  const { files } = foreseen
  if (files.stat(join(path, '.git'))) await assertOurs(path, want, foreseen)
  if (want.ensure === 'absent') return removeTree(path, foreseen)
  const to = changes.find(({ what }) => what === 'revision')?.to ?? want.revision
  const { exitCode } = await runGit(['--version'], { ...want, user: undefined }, foreseen)
  const comes = foreseen.packages().get('git')?.status === 'installed'
  if (exitCode !== 0 && !comes) throw new Error('There is no git on this node. Declare pkg[git] before this.')
  if (exitCode === 0 && !isHash(to)) throw new Unforeseeable(to)
  const access = ownerOf(want, foreseen)
  if (!files.stat(path)) files.makeDirectory(path, access)
  if (!files.stat(join(path, '.git'))) files.makeDirectory(join(path, '.git'), access)
  foreseen.foresee(join(path, '.git/HEAD'), { kind: 'file', ...(isHash(to) ? { bytes: Buffer.from(`${to}\n`) } : {}) })
  foreseen.mayBring(`git[${path}]`)
}
