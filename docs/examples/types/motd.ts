import { dirname } from 'node:path'
import { defineResource, differences, diffOf, Path, presence } from 'trivet/resource'
import { z } from 'zod'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether people are to read it.'),
  text: z.string().default('').describe('What they read when they log in.'),
  contact: z.string().optional().describe('Whom they may ask.'),
})

const motd = defineResource({
  type: 'motd',
  summary: 'A notice for people who log in: a file in /etc/motd.d.',
  name: Path,
  props: Props,
  paths: (path) => [path],

  async check(path, want, { files }) {
    const found = files.stat(path)
    const presenceChanges = differences({ ensure: presence(found, 'file') }, { ensure: want.ensure })
    if (want.ensure === 'absent') return presenceChanges
    const [now, wanted] = [found?.kind === 'file' ? files.read(path) : null, noticeOf(want)]
    if (now?.equals(wanted)) return presenceChanges
    const change = { what: 'text', from: now && 'another', to: 'as wanted', diff: await diffOf(now, wanted, path) }
    return [...presenceChanges, change]
  },

  async apply(path, want, { files }) {
    if (want.ensure === 'absent') return files.remove(path)
    const folder = dirname(path)
    if (!files.stat(folder)) files.makeDirectory(folder, { mode: 0o755, uid: -1, gid: -1 })
    await files.write(path, noticeOf(want), { mode: 0o644, uid: -1, gid: -1 })
  },
})
export default motd

function noticeOf({ text, contact }: z.infer<typeof Props>) {
  return Buffer.from(contact === undefined ? `${text}\n` : `${text}\nAsk: ${contact}\n`)
}

declare module 'trivet/recipe' {
  interface OtherTypes {
    motd: typeof motd
  }
}
