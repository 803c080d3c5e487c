import type { Log } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { State } from './state.ts'

/** For `trivet-agent status`; a disk that does not take it stops nothing. */
export function noteStatus(state: State, connected: boolean, detail: string | undefined, log: Log) {
  const status = { pid: process.pid, connected, since: Date.now() }
  try {
    state.writeStatus(detail === undefined ? status : { ...status, detail })
  } catch (error) {
    log(`status.json cannot be written: ${messageOf(error)}`, { level: 'warn' })
  }
}
