import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from './start-error.ts'

const databaseName = 'trivet.db'
/** What a server that died left of a backup it was sending. A backup that somebody put here has another name. */
const interruptedBackup = /^backup-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.db(-journal)?$/

/** Makes the data directory, or takes one of ours, and gives the path of the database in it. */
export async function openDataDir(dir: string) {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const entries = await readdir(dir)
    // A directory of somebody else's must not be closed to them by a slip of the hand.
    if (entries.length > 0 && !entries.includes(databaseName))
      throw new StartError(
        `${dir} holds files but no ${databaseName}: it is no data directory of Trivet. Give --data another one.`,
      )
    if (((await stat(dir)).mode & 0o077) !== 0) await chmod(dir, 0o700)
    for (const name of entries.filter((entry) => interruptedBackup.test(entry))) await rm(join(dir, name))
    return join(dir, databaseName)
  } catch (error) {
    if (error instanceof StartError || !(error instanceof Error)) throw error
    throw new StartError(`The data directory ${dir} cannot be used: ${error.message}.`, { cause: error })
  }
}

export async function requireFolder(dir: string, flag: string) {
  const found = await stat(dir).catch((error: Error) => {
    throw new StartError(`${flag} ${dir} cannot be read: ${error.message}.`, { cause: error })
  })
  if (!found.isDirectory()) throw new StartError(`${flag} ${dir} is not a folder.`)
}
