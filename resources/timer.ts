import { z } from 'zod'
import { Argv } from '../protocol/argv.ts'
import { commandFailed, defineResource, differences, must } from './define.ts'
import type { Host } from './host.ts'
import { AccountName, Path } from './names.ts'
import { putText, textDifferences } from './files/text-file.ts'
import { serviceText, type Timed, timerText } from './system/timer-units.ts'

/** Where the node's own units live. */
const directory = '/etc/systemd/system'

const Calendar = z
  .string()
  .regex(/^[\w*.,/:~+ -]+$/, 'must be as systemd.time(7) writes calendar events, such as `Mon..Fri 03:00` or `daily`')

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether both units are to be there, and the timer enabled and running. A run under way is not ended.'),
  calendar: z
    .union([Calendar, z.array(Calendar).min(1)])
    .optional()
    .describe('When it runs, as in systemd.time(7): `Mon..Fri 03:00`, `daily`; a list for several.'),
  argv: Argv.refine(([program]) => /^[\w./]/.test(program ?? ''), 'must begin with a program, by its path or its name')
    .refine((argv) => !argv.some((word) => word.includes('\0')), 'cannot contain NUL')
    .optional()
    .describe('The program and its arguments. No shell reads them, and systemd replaces no % or $ in them.'),
  user: AccountName.optional().describe('The user to run it as. Left out, root.'),
  cwd: Path.refine((path) => !path.includes('\n'), 'cannot contain a line break')
    .optional()
    .describe('The directory to run it in.'),
  persistent: z
    .boolean()
    .default(true)
    .describe('Whether a run that was missed, the machine being off, is made up for.'),
  splaySec: z
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe('Runs are put off by a random time of up to so many seconds.'),
})
type Want = z.infer<typeof Props>

export const timer = defineResource({
  type: 'timer',
  summary: 'A command that systemd runs by the calendar: a service unit, and a timer that is enabled and running.',
  example: `timer('trim', { calendar: 'Sun 04:30', argv: ['fstrim', '--fstab', '--verbose'], splaySec: 600 })`,
  name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9:_.-]*$/, 'must be the name of a unit without its suffix, such as backup')
    .refine((name) => !/\.(service|timer)$/.test(name), 'is that of both units, so leave the suffix out')
    .max(240),
  props: Props,
  problem: (_name, { ensure, calendar, argv }) =>
    ensure === 'absent' || (calendar !== undefined && argv !== undefined)
      ? undefined
      : 'needs a calendar and an argv when it is present.',
  units: (name) => [`${name}.timer`, `${name}.service`],
  paths: (name) => pathsOf(name),
  owns: (name) => pathsOf(name),

  async check(name, want, host) {
    const differing = textsOf(name, want).map(({ what, path, text }) => textDifferences(what, path, text, host))
    const timerState = await host.unit(`${name}.timer`)
    const serviceState = await host.unit(`${name}.service`)
    const isStale = [timerState, serviceState].some(({ NeedDaemonReload }) => NeedDaemonReload === 'yes')
    const wanted = String(want.ensure === 'present')
    const enabled = String(timerState.UnitFileState === 'enabled')
    const running = String(timerState.ActiveState === 'active')
    return [
      ...(await Promise.all(differing)).flat(),
      ...(isStale ? [{ what: 'daemon-reload', from: 'needed', to: 'done' }] : []),
      ...differences({ enabled, running }, { enabled: wanted, running: wanted }),
    ]
  },

  async apply(name, want, host, changes) {
    const unit = `${name}.timer`
    const changed = new Set(changes.map(({ what }) => what))
    const isPresent = want.ensure === 'present'
    if (isPresent) await assertCalendar(want, host)
    else if (changed.has('running') || changed.has('enabled'))
      await must(host, ['systemctl', 'disable', '--now', '--', unit])
    await write(name, want, host)
    await must(host, ['systemctl', 'daemon-reload'])
    if (isPresent && changed.has('enabled')) await must(host, ['systemctl', 'enable', '--', unit])
    if (isPresent && (changed.has('running') || changed.has('timer')))
      await must(host, ['systemctl', 'restart', '--', unit])
  },

  async effects(name, want, foreseen) {
    if (want.ensure === 'present') await assertCalendar(want, { run: foreseen.look })
    await write(name, want, foreseen)
    const states = {
      present: { LoadState: 'loaded', ActiveState: 'active', UnitFileState: 'enabled', NeedDaemonReload: 'no' },
      absent: { LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '', NeedDaemonReload: 'no' },
    }
    foreseen.foreseeUnit(`${name}.timer`, states[want.ensure])
    foreseen.foreseeUnit(`${name}.service`, { LoadState: states[want.ensure].LoadState, NeedDaemonReload: 'no' })
  },
})

function pathsOf(name: string) {
  return ['service', 'timer'].map((suffix) => `${directory}/${name}.${suffix}`)
}

function textsOf(name: string, want: Want) {
  const timed: Timed = { ...want, calendar: calendarOf(want), argv: want.argv ?? [] }
  return [
    { what: 'service', text: serviceText(name, timed) },
    { what: 'timer', text: timerText(name, timed) },
  ].map(({ what, text }) => ({
    what,
    path: `${directory}/${name}.${what}`,
    text: want.ensure === 'present' ? text : null,
  }))
}

async function write(name: string, want: Want, host: Host) {
  for (const { path, text } of textsOf(name, want)) await putText(path, text, host)
}

/** Only systemd knows its whole grammar. */
async function assertCalendar(want: Want, host: Pick<Host, 'run'>) {
  const argv = ['systemd-analyze', 'calendar', '--', ...calendarOf(want)]
  const result = await host.run(argv)
  if (result.exitCode !== 0)
    throw new Error(`systemd does not take the calendar; see systemd.time(7). ${commandFailed(argv, result)}`)
}

function calendarOf({ calendar = [] }: Want) {
  return [calendar].flat()
}
