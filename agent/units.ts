import type { CommandResult, UnitState } from '../resources/host.ts'
import { commandFailed } from '../resources/define.ts'

const properties = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Type', 'NeedDaemonReload'] as const

/** The state of many units by one call to systemd. The answer has a paragraph for each name, in the order asked. */
export async function readUnits(names: string[], run: (argv: string[]) => Promise<CommandResult>) {
  const argv = ['systemctl', 'show', `--property=${properties.join(',')}`, '--', ...names]
  const result = await run(argv)
  if (result.exitCode !== 0) throw new Error(commandFailed(argv, result))
  const paragraphs = result.stdout.trim().split('\n\n')
  if (paragraphs.length !== names.length) {
    throw new Error(`systemctl show answered for ${paragraphs.length} units of ${names.length}: ${names.join(', ')}`)
  }
  return new Map(names.map((name, index) => [name, parseUnit(paragraphs[index] ?? '')]))
}

// A property that a kind of unit lacks (Type of a timer) is not printed at all.
function parseUnit(paragraph: string): UnitState {
  const given = new Map(
    paragraph.split('\n').map((line) => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)]
    }),
  )
  const value = (name: (typeof properties)[number]) => given.get(name) ?? ''
  return {
    LoadState: value('LoadState'),
    ActiveState: value('ActiveState'),
    SubState: value('SubState'),
    UnitFileState: value('UnitFileState'),
    Type: value('Type'),
    NeedDaemonReload: value('NeedDaemonReload'),
  }
}
