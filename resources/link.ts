import { z } from 'zod'
import { defineResource, differences } from './define.ts'
import { givenJustWhenPresent, Path, presence } from './names.ts'

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
  problem: (_name, { ensure, target }) => givenJustWhenPresent('a target', ensure, target !== undefined),

  paths: (path) => [path],
  owns: (path) => [path],

  check(path, want, { files }) {
    const found = files.stat(path)
    if (want.ensure === 'absent') return differences({ ensure: presence(found, 'link') }, { ensure: 'absent' })
    if (found && found.kind !== 'link')
      return [{ what: 'type', from: found.kind, to: 'link' }, ...differences({}, { target: want.target })]
    const current = { ensure: presence(found, 'link'), target: found && files.readLink(path) }
    return differences(current, { ensure: 'present', target: want.target })
  },

  apply(path, want, { files }) {
    const found = files.stat(path)
    if (found && found.kind !== 'link' && !want.force)
      throw new Error(
        `${path} is a ${found.kind}, not a link. Remove it, or say \`force: true\` to let link[${path}] do so.`,
      )
    if (want.ensure === 'absent') return files.remove(path)
    if (want.target === undefined) throw new Error(`link[${path}] has no target. Give it one.`)
    // Of directories only empty ones: force is no licence to delete a tree.
    if (found?.kind === 'directory') files.remove(path)
    return files.link(path, want.target)
  },
})
