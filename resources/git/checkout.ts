import { join, relative } from 'node:path'
import type { Change } from '../../protocol/events.ts'
import { type Git, isHash, mustGit, runGit } from './command.ts'
import type { Host } from '../host.ts'
import { resolved } from '../files/resolved.ts'
import { mountsIn } from '../system/mounted.ts'

/** Lies in .git while files are checked out: a killed agent's half of them is then no work of somebody on the node. */
export const unfinished = 'trivet-unfinished'

export interface Checkout extends Git {
  clean: boolean
}

export async function headOf(path: string, want: Checkout, host: Host) {
  const at = join(path, '.git/HEAD')
  const found = host.files.stat(at)
  // Whoever owns the repository may have put something else there: only a small file is read.
  if (found?.kind !== 'file' || found.size > 4096) return undefined
  const head = host.files.read(at).toString().trim()
  if (isHash(head)) return head
  const { stdout } = await runGit(['-C', path, 'rev-parse', '--verify', '--quiet', 'HEAD'], want, host)
  return stdout.trim() || undefined
}

/** What is not as it was checked out. */
export async function strayIn(path: string, want: Checkout, host: Host): Promise<Change[]> {
  if (!host.files.stat(join(path, '.git'))) return []
  const untracked = want.clean ? 'normal' : 'no'
  const argv = ['-C', path, 'status', '--porcelain', `--untracked-files=${untracked}`]
  const { exitCode, stdout, stderr } = await runGit(argv, want, host)
  const lines = (exitCode === 0 ? stdout : stderr).trimEnd().split('\n')
  if (lines[0] === '') return []
  const more = lines.length > 10 ? `, and ${lines.length - 10} more` : ''
  return [
    {
      what: 'local changes',
      from: `${lines
        .slice(0, 10)
        .map((line) => line.trim())
        .join(', ')}${more}`,
      to: 'none',
    },
  ]
}

/** That nothing is lost that this resource did not bring. */
export async function assertOurs(path: string, want: Checkout, host: Host) {
  const found = host.files.stat(path)
  if (!found) return
  if (found.kind !== 'directory')
    throw new Error(`${path} is a ${found.kind}, which git[${path}] does not touch. Remove it, or name another path.`)
  if (!host.files.stat(join(path, '.git'))) {
    if (host.files.list(path).length === 0) return
    throw new Error(`${path} is full and no git repository. Empty it, or name another path.`)
  }
  if (want.clean) await assertNoMountGoes(path, want, host)
  if (want.clean || host.files.stat(join(path, '.git', unfinished))) return
  const [stray] = await strayIn(path, want, host)
  if (stray)
    throw new Error(
      `${path} was changed on the node: ${stray.from}. Commit that elsewhere, or say \`clean: true\` to have it thrown away.`,
    )
}

export async function fetchUnlessThere(path: string, commit: string, want: Checkout, host: Host) {
  const isThere = async () =>
    (await runGit(['-C', path, 'cat-file', '-e', `${commit}^{commit}`], want, host)).exitCode === 0
  const fetching = (...args: string[]) =>
    mustGit(['-C', path, 'fetch', '--quiet', '--no-recurse-submodules', ...args], want, host)
  if (await isThere()) return
  await fetching('--prune', '--tags', '--force', '--', want.url, '+refs/heads/*:refs/remotes/origin/*')
  // On no branch and no tag, as the commit of a request to pull: many servers give it when it is named.
  if (!(await isThere())) await fetching('--', want.url, commit)
}

export async function checkOut(path: string, commit: string, want: Checkout, host: Host) {
  const note = join(path, '.git', unfinished)
  const wasBroken = host.files.stat(note) !== undefined
  const lock = join(path, '.git/index.lock')
  if (wasBroken && host.files.stat(lock)) host.files.remove(lock)
  await host.files.write(note, Buffer.from(`${commit}\n`), { ...ownerOf(want, host), mode: 0o600 })
  const force = want.clean || wasBroken ? ['--force'] : []
  await mustGit(['-C', path, 'checkout', '--quiet', '--detach', ...force, commit, '--'], want, host)
  if (want.clean) {
    await assertNoMountGoes(path, want, host)
    await mustGit(['-C', path, 'clean', '-ffdq'], want, host)
  }
  host.files.remove(note)
}

/** git would empty what is mounted before it finds that the directory stays. What is ignored it leaves alone. */
async function assertNoMountGoes(path: string, want: Checkout, host: Host) {
  const real = resolved(path, host.files)
  for (const at of mountsIn(path, host.files).filter((mounted) => mounted !== real)) {
    const argv = ['-C', path, 'check-ignore', '--quiet', '--', relative(real, at)]
    if ((await runGit(argv, want, host)).exitCode === 0) continue
    throw new Error(
      `Something is mounted at ${at}, which \`clean\` would empty. Have git ignore it, or unmount it first.`,
    )
  }
}

export function ownerOf({ user }: Git, host: Host) {
  if (user === undefined) return { mode: 0o755, uid: -1, gid: -1 }
  const found = host.users().get(user)
  if (found) return { mode: 0o755, uid: found.uid, gid: found.gid }
  throw new Error(`There is no user ${user} on this node. Declare user[${user}] before this.`)
}
