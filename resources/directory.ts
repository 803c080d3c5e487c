import { dirname } from 'node:path'
import { z } from 'zod'
import { defineResource, differences } from './define.ts'
import type { Host } from './host.ts'
import { Mode, Owner, Path, presence } from './names.ts'
import { accessDifferences, resolveAccess } from './ownership.ts'

export const directory = defineResource({
  type: 'directory',
  summary: 'A directory: its mode and owner. Its parent must be there, or be declared before it.',
  example: "directory('/var/lib/zookeeper', { mode: '0750', owner: 'zookeeper', group: 'zookeeper' })",
  name: Path,
  props: z.strictObject({
    ensure: z.enum(['present', 'absent']).default('present').describe('Whether the directory is to be there.'),
    mode: Mode.optional().describe("Four octal digits. Left out, it is not managed; a new directory gets '0755'."),
    owner: Owner.optional().describe('A user, by name or number. Left out, it is not managed.'),
    group: Owner.optional().describe('A group, by name or number. Left out, it is not managed.'),
    force: z.boolean().default(false).describe('When absent: whether what is in the directory goes with it.'),
  }),

  paths: (path) => [path],

  check(path, want, host) {
    const found = host.files.stat(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'directory') }, { ensure: 'absent' })
    if (found && found.kind !== 'directory') return [{ what: 'type', from: found.kind, to: 'directory' }]
    const ensure = found ? [] : differences({ ensure: 'absent' }, { ensure: 'present' })
    return [...ensure, ...accessDifferences(found, want, host)]
  },

  apply(path, want, host) {
    const found = host.files.stat(path)
    if (found && found.kind !== 'directory')
      throw new Error(
        `${path} is a ${found.kind}, which directory[${path}] does not touch. Remove it, or name another path.`,
      )
    if (want.ensure === 'absent') return remove(path, want.force, host)
    const access = resolveAccess(want, found, 0o755, host)
    if (found) return host.files.setAccess(path, access)
    if (!host.files.stat(dirname(path)))
      throw new Error(`${dirname(path)} does not exist. Declare directory[${dirname(path)}] before directory[${path}].`)
    return host.files.makeDirectory(path, access)
  },
})

function remove(path: string, force: boolean, { files }: Host) {
  if (force) return files.removeTree(path)
  try {
    files.remove(path)
  } catch (error) {
    throw new Error(`${path} cannot be removed: ${String(error)}. Only an empty directory is, unless force is true.`, {
      cause: error,
    })
  }
}
