import { readlinkSync, renameSync, rmdirSync, rmSync, type Stats, symlinkSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { defineResource, differences } from './define.ts'
import { Path } from './names.ts'
import { kindOf, presence, statOf } from './read-file.ts'
import { explained, syncDirectory, temporaryBeside } from './write-atomically.ts'

export const link = defineResource({
  type: 'link',
  summary: 'A symbolic link. An old link is replaced in one step; what is no link is left alone, unless force is true.',
  example: "link('/etc/localtime', { target: '/usr/share/zoneinfo/Etc/UTC' })",
  name: Path,
  props: z.strictObject({
    ensure: z.enum(['present', 'absent']).default('present').describe('Whether the link is to be there.'),
    target: z
      .string()
      .min(1)
      .max(4000)
      .refine((target) => !target.includes('\0'), 'cannot contain NUL')
      .optional()
      .describe('Where it leads, as written into the link; it need not exist yet.'),
    force: z.boolean().default(false).describe('Whether a file or an empty directory in its place is removed for it.'),
  }),
  problem: (_name, { ensure, target }) =>
    (ensure === 'present') === (target !== undefined)
      ? undefined
      : 'needs a target when it is present, and has none when absent.',

  check(path, want) {
    const found = statOf(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'link') }, { ensure: 'absent' })
    if (found && !found.isSymbolicLink())
      return [{ what: 'type', from: kindOf(found), to: 'link' }, ...differences({}, { target: want.target })]
    const current = { ensure: presence(found, 'link'), target: found && readlinkSync(path) }
    return differences(current, { ensure: 'present', target: want.target })
  },

  apply(path, want) {
    const found = statOf(path)
    if (found && !found.isSymbolicLink() && !want.force)
      throw new Error(
        `${path} is a ${kindOf(found)}, not a link. Remove it, or say \`force: true\` to let link[${path}] do so.`,
      )
    if (want.ensure === 'absent') return remove(path, found)
    if (want.target === undefined) throw new Error(`link[${path}] has no target. Give it one.`)
    if (found?.isDirectory()) remove(path, found)
    return replaceByLink(path, want.target)
  },
})

/** Of directories only empty ones: force is no licence to delete a tree. */
function remove(path: string, found: Stats | undefined) {
  if (found?.isDirectory()) rmdirSync(path)
  else unlinkSync(path)
}

function replaceByLink(path: string, target: string) {
  const candidate = temporaryBeside(path)
  try {
    symlinkSync(target, candidate)
    renameSync(candidate, path)
  } catch (error) {
    rmSync(candidate, { force: true })
    throw explained(error, path)
  }
  syncDirectory(dirname(path))
}
