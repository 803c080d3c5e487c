import { CommandError } from '../../cli/command.ts'
import { sha256 } from '../../protocol/catalog.ts'
import { leafPackage } from '../recipes/w2/wanted.ts'
import type { Site } from '../site.ts'
import type { WorkSet } from './work-sets.ts'

/**
 * What the node is, read by the tools of its system and not by any contender: by line, for `differing` to compare.
 * With `marks` also what tells whether somebody wrote or restarted something that was right already.
 */
export async function look(set: WorkSet, { must }: Site, marks = false): Promise<string[]> {
  const format = marks ? '%n %i %y %z %a %U %G %F' : '%n %a %U %G %F'
  const lines = await must([
    'stat',
    `--format=${format}`,
    '--',
    ...set.directories,
    ...set.files.map(({ path }) => path),
  ])
  const sums = await must(['sha256sum', '--', ...set.files.map(({ path }) => path)])
  return [lines, sums, await lookAtPackages(set, must), await lookAtServices(set, must, marks)]
    .flatMap((text) => text.split('\n'))
    .filter(Boolean)
    .toSorted()
}

/** How the node must look when the set is there. */
export function wanted({ directories, files, packages, services }: WorkSet): string[] {
  return [
    ...directories.map((path) => `${path} 755 root root directory`),
    ...files.map(({ path }) => `${path} 644 root root regular file`),
    ...files.map(({ path, content }) => `${sha256(content)}  ${path}`),
    ...packages.map((name) => `package ${name} installed`),
    ...services.map((name) => `${name}.service active enabled`),
  ].toSorted()
}

/** Throws with the first lines that are not in both. */
export function mustEqual(what: string, found: string[], expected: string[]) {
  const [before, after] = [new Set(expected), new Set(found)]
  const lines = [
    ...expected.filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ]
  if (lines.length > 0) throw new CommandError(`${what}:\n${lines.slice(0, 12).join('\n')}`)
}

/** Makes one thing of each kind wrong. */
export async function damage(set: WorkSet, { node, must }: Site) {
  const file = set.files[Math.floor(set.files.length / 2)]
  if (file) await node.write(file.path, 'not what anybody wants\n')
  const service = set.services[2]
  if (service !== undefined) await must(['systemctl', 'disable', '--quiet', '--now', service])
  if (set.packages.includes(leafPackage)) await must(['dpkg', '--purge', leafPackage])
}

async function lookAtPackages({ packages }: WorkSet, must: Site['must']) {
  if (packages.length === 0) return ''
  return must(['dpkg-query', '--show', '--showformat=package ${Package} ${db:Status-Status}\\n', ...packages])
}

async function lookAtServices({ services }: WorkSet, must: Site['must'], marks: boolean) {
  if (services.length === 0) return ''
  const properties = ['Id', 'ActiveState', 'UnitFileState', ...(marks ? ['InvocationID'] : [])]
  const shown = await must(['systemctl', 'show', `--property=${properties.join(',')}`, ...services])
  const units = shown.trim().split('\n\n')
  return units.map((unit) => readProperties(unit, properties)).join('\n')
}

function readProperties(unit: string, names: string[]) {
  const lines = unit.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const values = new Map(lines.map(([name = '', value = '']) => [name, value]))
  return names.map((name) => values.get(name) ?? '').join(' ')
}
