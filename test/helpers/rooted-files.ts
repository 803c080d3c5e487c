import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { realFiles } from '../../resources/files/files.ts'
import type { Files } from '../../resources/host.ts'

/** The files of a machine whose root is `root`, so that a type finds /etc there. Targets of links are as they are written. */
export function rootedFiles(root: string): Files {
  const at = (path: string) => join(root, path)
  return {
    stat: (path) => realFiles.stat(at(path)),
    read: (path) => realFiles.read(at(path)),
    hash: (path) => realFiles.hash(at(path)),
    readLink: (path) => realFiles.readLink(at(path)),
    list: (path) => realFiles.list(at(path)),
    write: (path, bytes, access, accept) => realFiles.write(at(path), bytes, access, accept),
    adopt: (candidate, path, access) => realFiles.adopt(at(candidate), at(path), access),
    setAccess: (path, access) => realFiles.setAccess(at(path), access),
    makeDirectory: (path, access) => realFiles.makeDirectory(at(path), access),
    link: (path, target) => realFiles.link(at(path), target),
    remove: (path) => realFiles.remove(at(path)),
    removeTree: (path) => realFiles.removeTree(at(path)),
    sync: realFiles.sync,
  }
}

/** Puts files into a root, with the directories above them: path → text. */
export function layDown(root: string, files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}
