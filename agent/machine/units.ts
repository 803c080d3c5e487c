import { commandFailed } from '../../resources/define.ts'
import type { CommandResult, UnitState } from '../../resources/host.ts'
import { CallFailed, type Connection } from './dbus/connection.ts'
import { isClosedToUs, propertyOf, type Systemd } from './dbus/systemd.ts'

const properties = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Type', 'NeedDaemonReload'] as const
/** The kinds of units that have a Type. */
const kinds: Record<string, string> = { service: 'Service', mount: 'Mount' }

/** The state of a unit, or why systemd tells none. */
export type UnitStates = Map<string, UnitState | Error>

/** The state of many units in one exchange with systemd. Where its socket is not for us (in a container, for a user), systemctl asks in our place. */
export async function readUnits(
  names: string[],
  systemd: Systemd,
  run: (argv: string[]) => Promise<CommandResult>,
  timeoutMs?: number,
): Promise<UnitStates> {
  try {
    const read = (connection: Connection) => Promise.all(names.map((name) => readUnit(name, connection)))
    return new Map(await systemd.ask(read, timeoutMs))
  } catch (error) {
    if (!isClosedToUs(error)) throw error
    return showUnits(names, run)
  }
}

async function readUnit(name: string, connection: Connection): Promise<[string, UnitState | Error]> {
  const get = async (property: (typeof properties)[number], holder = 'Unit') => {
    const [value = ''] = await connection.call(propertyOf(name, holder, property))
    return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
  }
  const kind = kinds[name.slice(name.lastIndexOf('.') + 1)]
  try {
    const [LoadState, ActiveState, SubState, UnitFileState, NeedDaemonReload, Type] = await Promise.all([
      get('LoadState'),
      get('ActiveState'),
      get('SubState'),
      get('UnitFileState'),
      get('NeedDaemonReload'),
      kind ? get('Type', kind) : '',
    ])
    return [name, { LoadState, ActiveState, SubState, UnitFileState, Type, NeedDaemonReload }]
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error
    const hint = name.includes('@.') ? ' Name an instance of this template.' : ''
    return [name, new Error(`systemd tells no state of ${name}: ${error.message}${hint}`)]
  }
}

// The answer has a paragraph for each name, in the order asked.
async function showUnits(names: string[], run: (argv: string[]) => Promise<CommandResult>): Promise<UnitStates> {
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
