import { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'
import { commandFailed } from '../define.ts'
import type { CommandOptions, Host } from '../host.ts'

const network = ['https', 'http', 'ssh']

/** Never an option, never a helper of git's that runs a program (`ext::`), never with a password in it. */
export const GitUrl = z
  .string()
  .refine(
    (url) => schemeOf(url) !== undefined,
    'must be a URL with https: or ssh:, git@host:path, or an absolute path, without a password',
  )

export const Revision = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._/+-]*$/, 'must be a branch, a tag, or a full commit hash')
  .refine((name) => !/\.\.|\/\/|\.lock$|[./]$/.test(name), 'must be a branch, a tag, or a full commit hash')

/** Of a commit: SHA-1 or SHA-256. */
export function isHash(revision: string) {
  return /^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(revision)
}

export function schemeOf(url: string) {
  if (/[\s\0]/.test(url)) return undefined
  if (/^\/[^/]/.test(url) || url.startsWith('file:///')) return 'file'
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^-/:]/.test(url)) return 'ssh'
  const { protocol, password, hostname } = URL.canParse(url)
    ? new URL(url)
    : { protocol: '', password: '', hostname: '' }
  const scheme = protocol.slice(0, -1)
  return network.includes(scheme) && password === '' && /^[A-Za-z0-9[]/.test(hostname) ? scheme : undefined
}

export interface Git {
  url: string
  user?: string | undefined
  ca?: string | undefined
  withinMs: number
}

/** Runs git so that nothing of the repository's is run by it, nobody is asked, and only the way that the URL names is taken. */
export async function runGit(args: string[], { url, user, ca, withinMs }: Git, host: Host) {
  const settings = {
    'core.hooksPath': '/dev/null',
    'core.fsmonitor': 'false',
    'advice.detachedHead': 'false',
    'gc.autoDetach': 'false',
    'submodule.recurse': 'false',
    'http.lowSpeedLimit': '1000',
    'http.lowSpeedTime': '60',
    ...(ca === undefined ? {} : { 'http.sslCAInfo': ca }),
  }
  const argv = ['git', ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]), ...args]
  const options: CommandOptions = {
    env: environmentOf(url, user, host),
    timeoutMs: withinMs,
    ...(user === undefined ? {} : { user }),
  }
  try {
    return { argv: ['git', ...args], ...(await host.run(argv, options)) }
  } catch (error) {
    // As a shell counts what cannot be started.
    return { argv: ['git', ...args], exitCode: 127, stdout: '', stderr: messageOf(error) }
  }
}

/** The same for what must succeed. */
export async function mustGit(args: string[], git: Git, host: Host) {
  const result = await runGit(args, git, host)
  if (result.exitCode !== 0) throw new Error(commandFailed(result.argv, result))
  return result.stdout
}

function environmentOf(url: string, user: string | undefined, host: Host) {
  const home = user === undefined ? undefined : host.users().get(user)?.home
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: schemeOf(url) ?? 'none',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    GIT_OPTIONAL_LOCKS: '0',
    ...(home === undefined ? {} : { HOME: home }),
  }
}

/** Asks the remote which commit a branch or tag is; a tag goes before a branch of the same name, as in git itself. */
export async function commitOf(revision: string, git: Git, host: Host) {
  if (isHash(revision)) return revision
  const names = [`refs/tags/${revision}^{}`, `refs/tags/${revision}`, `refs/heads/${revision}`]
  const listed = await mustGit(['ls-remote', '--quiet', '--', git.url, ...names], git, host)
  const refs = new Map(listed.split('\n').map((line) => [line.split('\t')[1], line.split('\t')[0]]))
  const commit = names.map((name) => refs.get(name)).find((hash) => hash !== undefined)
  if (commit !== undefined) return commit
  throw new Error(`${git.url} has neither a tag nor a branch ${revision}.`)
}
