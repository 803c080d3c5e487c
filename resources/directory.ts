import { dirname, isAbsolute, normalize } from 'node:path'
import { z } from 'zod'
import { BlobRef } from '../protocol/catalog.ts'
import { defineResource, differences } from './define.ts'
import type { Host } from './host.ts'
import { Mode, Path, presence } from './names.ts'
import { accessDifferences, accessProps, resolveAccess } from './files/ownership.ts'
import { removeTree } from './files/remove-tree.ts'
import { removeContent, stepsInside } from './files/tree.ts'

const Inside = z
  .string()
  .refine(
    (path) => path !== '' && !isAbsolute(path) && normalize(path) === path && !/^\.\.?(\/|$)|\/$|\0/.test(path),
    'must be a path within the directory, such as css/site.css',
  )

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the directory is to be there.'),
  ...accessProps('directory'),
  content: z
    .record(Inside, BlobRef)
    .optional()
    .describe(
      'Files that are to be in it, by their paths within it: `folder()` gives all of a folder beside the recipe.',
    ),
  fileMode: Mode.optional().describe(
    "Of the files of `content`; with `recurse`, of all. Left out, a new one gets '0644'.",
  ),
  recurse: z
    .boolean()
    .default(false)
    .describe(
      'Whether mode, owner and group count for all that is in it, and not only for it and its `content`. Links are passed by.',
    ),
  purge: z
    .boolean()
    .default(false)
    .describe(
      'Whether what is in it and no resource of the catalog manages is removed. What a package put there goes too, and what only programs made.',
    ),
  keep: z
    .array(Inside)
    .optional()
    .describe(
      'With `purge` or `recurse`: what in it is left alone, by path. The server adds what other resources manage.',
    ),
  force: z.boolean().default(false).describe('When absent: whether what is in the directory goes with it.'),
})
type DirectoryWant = z.infer<typeof Props>

export const directory = defineResource({
  type: 'directory',
  summary: 'A directory: its mode, its owner and what is in it. Its parent must be there, or be declared before it.',
  example: "directory('/etc/mesos-master', { mode: '0755', purge: true })",
  name: Path,
  props: Props,
  paths: (path, want) => [path, ...filesOf(path, want)],
  owns: (path, want) => filesOf(path, want),
  // Whatever the recipe forces: what others keep in it is not ours.
  unwanted: (want): DirectoryWant => ({ ...want, ensure: 'absent', force: false }),
  among: (path, want, managed) => (want.purge || want.recurse ? { ...want, keep: keptIn(path, want, managed) } : want),
  problem: (_name, { ensure, content, purge, recurse }) =>
    ensure === 'absent' && (purge || recurse || content)
      ? 'is to be absent, so nothing can be said of what is in it. Leave one of the two out.'
      : undefined,

  check(path, want, host) {
    const found = host.files.stat(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'directory') }, { ensure: 'absent' })
    if (found && found.kind !== 'directory') return [{ what: 'type', from: found.kind, to: 'directory' }]
    const ensure = found ? [] : differences({ ensure: 'absent' }, { ensure: 'present' })
    const own = [...ensure, ...accessDifferences(found, want, host)]
    if (!want.purge && !want.recurse && !want.content) return own
    return stepsInside(path, want, host).then((steps) => [...own, ...steps.flatMap(({ changes }) => changes)])
  },

  async apply(path, want, host, changes) {
    const found = host.files.stat(path)
    if (found && found.kind !== 'directory')
      throw new Error(
        `${path} is a ${found.kind}, which directory[${path}] does not touch. Remove it, or name another path.`,
      )
    if (want.ensure === 'absent') return remove(path, want, host)
    const access = resolveAccess(want, found, 0o755, host)
    if (found) host.files.setAccess(path, access)
    else if (host.files.stat(dirname(path))) host.files.makeDirectory(path, access)
    else
      throw new Error(`${dirname(path)} does not exist. Declare directory[${dirname(path)}] before directory[${path}].`)
    for (const { make } of await stepsInside(path, want, host)) await make(changes)
  },
})

// With content only where what it made is cleaned up.
function remove(path: string, { force, content = {} }: DirectoryWant, host: Host) {
  if (force) return removeTree(path, host)
  removeContent(path, content, host)
  try {
    host.files.remove(path)
  } catch (error) {
    throw new Error(`${path} cannot be removed: ${String(error)}. Only an empty directory is, unless force is true.`, {
      cause: error,
    })
  }
}

function filesOf(path: string, { content = {} }: DirectoryWant) {
  return Object.keys(content).map((inside) => `${path}/${inside}`)
}

function keptIn(path: string, { keep = [] }: DirectoryWant, managed: string[]) {
  const inside = managed.filter((one) => one.startsWith(`${path}/`)).map((one) => one.slice(path.length + 1))
  return [...new Set([...keep, ...inside])].toSorted()
}
