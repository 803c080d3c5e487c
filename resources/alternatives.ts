import { z } from 'zod'
import { defineResource, differences, must } from './define.ts'
import type { Host } from './host.ts'
import { Path } from './names.ts'

/** Where update-alternatives keeps what it knows. */
const registry = '/var/lib/dpkg/alternatives'

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether `path` is one of those to choose from; absent takes it off the list, and nothing else.'),
  path: Path.optional().describe('The one to be chosen, whatever its priority. Left out, the one of highest priority.'),
  link: Path.optional().describe(
    'Where the name is found, such as /usr/bin/editor; needed where no package adds `path`.',
  ),
  priority: z.int().optional().describe('What `path` counts where nobody chose; goes with `link`.'),
})
type Want = z.infer<typeof Props>

export const alternatives = defineResource({
  type: 'alternatives',
  summary: "Which of several programs stands behind a name, by Debian's update-alternatives.",
  example: `alternatives('pager', { path: '/bin/more' })
alternatives('dump', { path: '/usr/bin/od', link: '/usr/local/bin/dump', priority: 50 })`,
  name: z.string().regex(/^[A-Za-z0-9_.+][A-Za-z0-9_.+-]*$/, 'must be a name in /etc/alternatives, such as editor'),
  props: Props,
  problem(_name, { ensure, path, link, priority }) {
    if ((link === undefined) !== (priority === undefined)) return 'has one of link and priority. Give both, or none.'
    const needsPath = link !== undefined || ensure === 'absent'
    return needsPath && path === undefined ? 'does not say which path is meant. Give it one.' : undefined
  },
  // What a package registered is only no longer chosen.
  unwanted: (want): Want => (want.link === undefined ? { ensure: 'present' } : { ensure: 'absent', path: want.path }),
  paths: (name) => [chosenLink(name), `${registry}/${name}`],

  check(name, want, { files }) {
    const known = registered(name, files)
    const priority = known?.priorities.get(want.path ?? '')
    if (want.ensure === 'absent')
      return differences({ ensure: priority === undefined ? 'absent' : 'present' }, { ensure: 'absent' })
    const wanted = {
      link: want.link,
      priority: want.priority?.toString(),
      mode: want.path === undefined ? 'auto' : 'manual',
      path: want.path,
    }
    const { link, mode } = known ?? {}
    return differences({ link, priority: priority?.toString(), mode, path: current(name, files) }, wanted)
  },

  async apply(name, want, host) {
    assertPossible(name, want, host.files)
    const { ensure, path, link, priority } = want
    if (path === undefined) await must(host, ['update-alternatives', '--auto', name])
    else if (ensure === 'absent') await must(host, ['update-alternatives', '--remove', name, path])
    else {
      if (link !== undefined) await must(host, ['update-alternatives', '--install', link, name, path, String(priority)])
      await must(host, ['update-alternatives', '--set', name, path])
    }
  },

  effects(name, want, foreseen) {
    assertPossible(name, want, foreseen.files)
    const chosen = chosenAfter(name, want, foreseen.files)
    if (chosen !== undefined) foreseen.foresee(chosenLink(name), { kind: 'link', target: chosen })
    if (want.ensure === 'present' && want.link !== undefined)
      foreseen.foresee(want.link, { kind: 'link', target: chosenLink(name) })
  },
})

function chosenLink(name: string) {
  return `/etc/alternatives/${name}`
}

function current(name: string, files: Host['files']) {
  return files.stat(chosenLink(name))?.kind === 'link' ? files.readLink(chosenLink(name)) : undefined
}

/** As update-alternatives keeps it: mode, link, pairs of lines for what goes along, and after a blank line what there is to choose from. */
function registered(name: string, files: Host['files']) {
  const path = `${registry}/${name}`
  if (files.stat(path)?.kind !== 'file') return undefined
  const [mode = '', link = '', ...rest] = files.read(path).toString().split('\n')
  const end = rest.indexOf('')
  const choices = rest.slice(end + 1)
  const priorities = new Map<string, number>()
  // Of each choice: its path, its priority, and a line for each pair, which may be empty.
  const step = 2 + end / 2
  for (let at = 0; choices[at]; at += step) priorities.set(choices[at] ?? '', Number(choices[at + 1]))
  return { mode, link, priorities }
}

/** Undefined where it stays as it is. */
function chosenAfter(name: string, { ensure, path }: Want, files: Host['files']) {
  if (ensure === 'present' && path !== undefined) return path
  if (path !== undefined && current(name, files) !== path) return undefined
  const left = [...(registered(name, files)?.priorities ?? [])].filter(([one]) => one !== path)
  return left.toSorted(([, a], [, b]) => b - a)[0]?.[0]
}

function assertPossible(name: string, want: Want, files: Host['files']) {
  const known = registered(name, files)
  const { ensure, path, link } = want
  if (ensure === 'absent') return
  if (path !== undefined && !files.stat(path))
    throw new Error(`There is no ${path}. Declare what brings it before alternatives[${name}].`)
  if (link !== undefined || (known && (path === undefined || known.priorities.has(path)))) return
  const choices = [...(known?.priorities.keys() ?? [])].join(', ') || 'nothing'
  throw new Error(
    `${path ?? name} is not registered: for ${name} there is ${choices} to choose from. Declare the pkg that brings it first, or give link and priority.`,
  )
}
