import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { type Lock, tryLock } from '../kept/lock.ts'
import { Unusable } from '../kept/state.ts'
import { notifier } from '../../cli/notify.ts'
import { define, none, openAgent, stateFlag, stateOption } from './common.ts'

export const run = define({
  usage: 'run [--state DIR]',
  summary: 'The daemon: converge on schedule, on a new catalog and on orders, until it is told to stop.',
  details: 'It logs to stderr, one JSON a line, with the ids of runs and orders.',
  flags: stateFlag,
  options: z.object({ operands: none, state: stateOption }),
  async run({ state: dir }, context) {
    const log = await context.openLog()
    const { agent, state } = openAgent(dir, context, log)
    const lock = daemonLock(state.path('daemon.lock'), dir)
    try {
      lock.hold()
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      log(`${error.message} Until then nothing is changed here.`, { level: 'warn' })
    }
    const { Daemon } = await import('../daemon.ts')
    const daemon = new Daemon(agent, state, log, lock.hold)
    const systemd = notifier(context.environment, log)
    context.interrupted().addEventListener('abort', () => daemon.stop())
    systemd.ready()
    await daemon.run()
    systemd.stop()
    lock.release()
  },
})

/** One daemon on a folder. Where a full disk does not take its lock, the daemon connects and tells so, and holds it before its first run. */
function daemonLock(path: string, dir: string) {
  let held: Lock | undefined
  const hold = () => {
    const lock = held ?? tryLock(path)
    if ('heldBy' in lock) throw new CommandError(`an agent runs on ${dir} already: process ${lock.heldBy}`)
    held = lock
  }
  return { hold, release: () => held?.release() }
}
