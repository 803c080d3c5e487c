import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Starts a file of this folder as a process in a session of its own, out of reach of our Ctrl-C. It runs in the folder, as tsx would
 * heed the tsconfig of wherever the operator stands.
 */
export function spawnScript(file: string, args: string[], stdio: StdioOptions): ChildProcess {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const argv = ['--import', import.meta.resolve('tsx'), script, ...args]
  return spawn(process.execPath, argv, { cwd: fileURLToPath(new URL('.', import.meta.url)), detached: true, stdio })
}
