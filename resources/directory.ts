import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { defineResource, differences } from './define.ts'
import { Mode, Owner, Path } from './names.ts'
import { accessDifferences, resolveAccess, setAccessOf } from './ownership.ts'
import { kindOf, presence, statOf } from './read-file.ts'

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

  check(path, want, host) {
    const found = statOf(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'directory') }, { ensure: 'absent' })
    if (found && !found.isDirectory()) return [{ what: 'type', from: kindOf(found), to: 'directory' }]
    const ensure = found ? [] : differences({ ensure: 'absent' }, { ensure: 'present' })
    return [...ensure, ...accessDifferences(found, want, host)]
  },

  apply(path, want, host) {
    const found = statOf(path)
    if (found && !found.isDirectory())
      throw new Error(
        `${path} is a ${kindOf(found)}, which directory[${path}] does not touch. Remove it, or name another path.`,
      )
    if (want.ensure === 'absent') return remove(path, want.force)
    const access = resolveAccess(want, found, 0o755, host)
    if (!found) make(path)
    return setAccessOf(path, access)
  },
})

function remove(path: string, force: boolean) {
  if (force) return rmSync(path, { recursive: true })
  try {
    rmdirSync(path)
  } catch (error) {
    throw new Error(`${path} cannot be removed: ${String(error)}. Only an empty directory is, unless force is true.`, {
      cause: error,
    })
  }
}

/** Closed to all until owner and mode are right. */
function make(path: string) {
  if (!statOf(dirname(path)))
    throw new Error(`${dirname(path)} does not exist. Declare directory[${dirname(path)}] before directory[${path}].`)
  mkdirSync(path, { mode: 0o700 })
}
