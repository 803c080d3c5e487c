import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { sha256 } from '../../protocol/catalog.ts'
import { codeOf, hasCode, messageOf } from '../../protocol/errors.ts'
import { SourceError } from './errors.ts'

export interface SourceDirs {
  recipes: string
  roles: string
  /** Need not be there: most have no resource types of their own. */
  types?: string
}

/** Everything under one of the folders, by path from the folder's parent: `recipes/nginx/nginx.ts`. */
export type Files = Map<string, Buffer>

/** One reading of all folders. What is loaded comes from here alone, so it is what `id` says. */
export interface Sources {
  id: string
  recipes: Folder
  roles: Folder
  types: Folder
}

interface Folder {
  /** Its name, with which the paths begin. */
  folder: string
  files: Files
}

export async function readSources(dirs: SourceDirs): Promise<Sources> {
  const [recipes, roles, types] = await Promise.all([
    readFolder(dirs.recipes),
    readFolder(dirs.roles),
    readFolderIfThere(dirs.types),
  ])
  const id = sha256(`recipes ${listing(recipes)}\nroles ${listing(roles)}\ntypes ${listing(types)}`)
  return { id, recipes, roles, types }
}

/** What a revision of these folders is known by. */
export async function hashSources(dirs: SourceDirs) {
  return (await readSources(dirs)).id
}

async function readFolderIfThere(dir: string | undefined): Promise<Folder> {
  if (dir === undefined || (await isMissing(dir))) return { folder: 'types', files: new Map() }
  return readFolder(dir)
}

function isMissing(dir: string) {
  return stat(dir).then(
    () => false,
    (error: unknown) => hasCode(error, 'ENOENT'),
  )
}

async function readFolder(dir: string): Promise<Folder> {
  const folder = basename(resolve(dir))
  const paths = await findFiles(dir, folder)
  const files = await Promise.all(
    paths
      .toSorted()
      .map(
        async (path) =>
          [path, await readFile(join(dir, path.slice(folder.length + 1))).catch(unreadable(path))] as const,
      ),
  )
  return { folder, files: new Map(files) }
}

async function findFiles(dir: string, path: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw new SourceError([`${dir}: cannot be read (${codeOf(error) ?? messageOf(error)}); it must be a folder`])
  })
  const found = entries
    .filter(({ name }) => !isScratch(name))
    .map(async (entry) => {
      const [inner, innerPath] = [join(dir, entry.name), `${path}/${entry.name}`]
      if (entry.isDirectory()) return findFiles(inner, innerPath)
      await requireFile(inner, innerPath)
      return [innerPath]
    })
  return (await Promise.all(found)).flat()
}

/** A link to a folder could lead round in a circle, and reading a FIFO would wait for ever. */
async function requireFile(file: string, path: string) {
  const found = await stat(file).catch(unreadable(path))
  if (found.isFile()) return
  const what = found.isDirectory() ? 'a link to a folder' : 'neither a file nor a folder'
  throw new SourceError([`${path}: is ${what}; only files, links to files and folders may lie here. Take it away.`])
}

function unreadable(path: string) {
  return (error: unknown): never => {
    throw new SourceError([`${path}: cannot be read (${codeOf(error) ?? messageOf(error)}); mend it or take it away`])
  }
}

/** What editors, git and npm leave about. */
export function isScratch(name: string) {
  return name.startsWith('.') || name.endsWith('~') || /^#.*#$/.test(name) || name === 'node_modules'
}

function listing({ folder, files }: Folder) {
  return [...files].map(([path, bytes]) => `${path.slice(folder.length)}\0${sha256(bytes)}\n`).join('')
}
