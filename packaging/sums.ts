import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes `SHA256SUMS` of what lies in the folder, and gives a line of each file, with its size. */
export async function writeSums(folder: string) {
  await writeFile(join(folder, 'SHA256SUMS'), await sumsOf(folder))
  return (await filesIn(folder)).map(({ name, size }) => `${(size / 1e6).toFixed(1).padStart(6)} MB  ${name}`)
}

async function filesIn(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return Promise.all(names.toSorted().map(async (name) => ({ name, size: (await stat(join(folder, name))).size })))
}

/** As sha256sum writes and reads it. */
async function sumsOf(folder: string) {
  const lines = (await filesIn(folder)).map(async ({ name }) => `${await sha256Of(join(folder, name))}  ${name}\n`)
  return (await Promise.all(lines)).join('')
}

async function sha256Of(path: string) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
