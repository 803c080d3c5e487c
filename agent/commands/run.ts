import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { tryLock } from '../kept/lock.ts'
import { notifier } from '../notify.ts'
import { define, none, openAgent, stateFlag, stateOption } from './common.ts'

export const run = define({
  usage: 'run [--state DIR]',
  summary: 'The daemon: converge on schedule, on a new catalog and on orders, until it is told to stop.',
  flags: stateFlag,
  options: z.object({ operands: none, state: stateOption }),
  async run({ state: dir }, context) {
    const log = (line: string) => context.output.note(line)
    const { agent, state } = openAgent(dir, context, log)
    const lock = tryLock(state.path('daemon.lock'))
    if ('heldBy' in lock) throw new CommandError(`an agent runs on ${dir} already: process ${lock.heldBy}`)
    const { Daemon } = await import('../daemon.ts')
    const daemon = new Daemon(agent, state, log)
    const systemd = notifier(context.environment, log)
    context.interrupted().addEventListener('abort', () => daemon.stop())
    systemd.ready()
    await daemon.run()
    systemd.stop()
    lock.release()
  },
})
