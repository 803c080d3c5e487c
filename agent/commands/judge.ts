import { uptime } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { waitForLock } from '../kept/lock.ts'
import { readBootId } from '../machine/proc.ts'
import { runCommand } from '../machine/run-command.ts'
import { define, none, openState, stateFlag, stateOption } from './common.ts'

/** How long a run that is under way may still take. */
const runMs = 30 * 60 * 1000
const lookMs = 500

export const judge = define({
  usage: 'judge [--state DIR]',
  summary: 'See an upgrade of this agent to its end: systemd starts it, nobody has to.',
  details:
    'It puts the new agent in the place of this one, and this one back where the new one does not connect and make a run in time.',
  flags: stateFlag,
  options: z.object({ operands: none, state: stateOption }),
  async run({ state: dir }, context) {
    const log = await context.openLog()
    const { judge: see } = await import('../upgrade/judge.ts')
    const [{ upgradeIn }, { JudgeUnit }, { slotsAround }, { serviceOf }] = await Promise.all([
      import('../upgrade/intent.ts'),
      import('../upgrade/judge-unit.ts'),
      import('../upgrade/slots.ts'),
      import('../upgrade/service.ts'),
    ])
    const state = openState(dir)
    const place = slotsAround(process.execPath)
    if (!place) throw new CommandError(`${process.execPath} does not lie where upgrades are put beside it`)
    const run = (argv: string[], options = {}) => runCommand(argv, options, state.path())
    const unit = new JudgeUnit(run)
    await see({
      files: upgradeIn(state),
      slots: place.slots,
      service: serviceOf(run),
      lockRuns: () => waitForLock(state.path('run.lock'), undefined, AbortSignal.timeout(runMs)),
      uptime: () => ({ boot: readBootId(), ms: uptime() * 1000 }),
      now: Date.now,
      pause: () => pause(lookMs),
      end: () => unit.end(),
      log,
    })
  },
})
