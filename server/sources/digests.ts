import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path/posix'
import { digestOf, sha256 } from '../../protocol/catalog.ts'
import type { KeptFile } from '../store/revisions.ts'
import type { Bundle } from './bundle.ts'
import type { Files, Sources } from './files.ts'

export function keptFiles({ recipes, roles, types }: Sources): Record<string, KeptFile> {
  const files = [...recipes.files, ...roles.files, ...types.files]
  return Object.fromEntries(files.map(([path, bytes]) => [path, keptFile(bytes)]))
}

const longestText = 200_000

function keptFile(bytes: Buffer): KeptFile {
  const isShown = bytes.length <= longestText && isUtf8(bytes)
  return { sha256: sha256(bytes), text: isShown ? bytes.toString() : null }
}

/** Of a role, a recipe or a type: its file bears its name. */
export function nameOf({ path }: Bundle) {
  return basename(path, '.ts')
}

/** Of its code with all that it imports, and of what lies beside it. */
export function bundleDigest({ code }: Bundle, beside: Files = new Map()) {
  return digestOf({ code, beside: Object.fromEntries([...beside].map(([path, bytes]) => [path, sha256(bytes)])) })
}
