import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Login } from '../../cli/login-file.ts'

/** The relay, in a process of its own, as a server is. It wants no token. */
export async function withRelay<Result>(work: (login: Login) => Promise<Result>): Promise<Result> {
  const program = fileURLToPath(new URL('relay/main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  try {
    const [said] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) })
    return await work(Login.parse({ ...JSON.parse(String(said)), token: 'none' }))
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}
