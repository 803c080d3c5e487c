import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { startServer } from '../../server/server.ts'
import { tempDir } from './converges.ts'

const exec = promisify(execFile)

/** Folders in which `trivet server init` is run, as the program, and a server is started. */
export async function placeForServer(t: TestContext) {
  const dir = await tempDir(t)
  const folders = { data: join(dir, 'data'), recipes: join(dir, 'etc/recipes'), roles: join(dir, 'etc/roles') }
  const flags = Object.entries(folders).flatMap(([name, folder]) => [`--${name}`, folder])
  const init = (...more: string[]) => exec('bin/trivet', ['server', 'init', ...flags, ...more])
  const serve = async () => {
    const log = { level: 'silent', to: process.stderr }
    const server = await startServer({ ...folders, host: '127.0.0.1', port: 0, intervalMs: 1e6, version: '0', log })
    t.after(() => server.close())
    return server
  }
  return { ...folders, init, serve }
}
