import { open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { unlessMissing } from '../protocol/errors.ts'

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    return unlessMissing(error)
  }
}

/** Nobody reads half of it, and a full disk leaves the old one. The candidate's name begins with a dot, which dnsmasq passes over. */
export async function replaceFile(
  path: string,
  text: string,
  accept: (candidate: string) => Promise<void> = async () => {},
) {
  const candidate = join(dirname(path), `.${basename(path)}.candidate`)
  try {
    const file = await open(candidate, 'w', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await accept(candidate)
    await rename(candidate, path)
  } catch (error) {
    await rm(candidate, { force: true })
    throw error
  }
}
