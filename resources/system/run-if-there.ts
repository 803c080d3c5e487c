import { hasCode } from '../../protocol/errors.ts'
import type { CommandOptions, Host } from '../host.ts'

/** For a `check`: undefined where the program is not there, which a resource above may yet bring. */
export async function runIfThere(host: Pick<Host, 'run'>, argv: string[], options?: CommandOptions) {
  try {
    return await host.run(argv, options)
  } catch (error) {
    if (error instanceof Error && hasCode(error.cause, 'ENOENT')) return undefined
    throw error
  }
}
