import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { WatchedPaths } from '../../../agent/drift/watched-paths.ts'

/** Watches files in ten folders of that directory, and prints what is said of it. */
const [, , dir = ''] = process.argv
const folders = Array.from({ length: 10 }, (_, index) => join(dir, String(index)))
for (const folder of folders) mkdirSync(folder)
const paths = folders.map((folder) => join(folder, 'file'))
new WatchedPaths(
  paths,
  () => {},
  (line) => process.stdout.write(`${line}\n`),
).close()
