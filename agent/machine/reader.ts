import { readFileSync, statSync } from 'node:fs'

/** Reads a file, and again only when it is another: such files are replaced by rename. One that is not there is empty. */
export function readerOf<Read>(path: string, parse: (text: string) => Read, encoding: 'utf8' | 'latin1' = 'utf8') {
  let known: { key: string; read: Read } | undefined
  return () => {
    const stat = statSync(path, { throwIfNoEntry: false })
    const key = stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : 'none'
    if (key !== known?.key) known = { key, read: parse(stat ? readFileSync(path, encoding) : '') }
    return known.read
  }
}
