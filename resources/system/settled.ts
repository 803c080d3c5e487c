import { setTimeout as pause } from 'node:timers/promises'
import { commandFailed, must } from '../define.ts'
import type { CommandResult, Host } from '../host.ts'

const properties = ['ActiveState', 'SubState', 'Result', 'Type', 'NRestarts', 'ExecMainCode', 'ExecMainStatus'] as const
type Shown = Record<(typeof properties)[number], string>
/** systemd says `started` of these as soon as the program runs, before it has read its configuration. */
const startsBlind = ['simple', 'exec', 'idle']
const patience = 120_000
/** Half of the time that systemd by default leaves a dead program before it starts it again: so its exit status is seen. */
const pollMs = 50

/** Starts a unit and waits until it has stayed up for `settleMs`, where systemd itself does not wait until it is ready. */
export async function startAndSettle(verb: string, unit: string, settleMs: number, host: Host) {
  // Else a unit that failed often is refused for the failures before its repair.
  await host.run(['systemctl', 'reset-failed', '--', unit])
  const argv = ['systemctl', verb, '--', unit]
  const result = await host.run(argv)
  if (result.exitCode !== 0) throw await notStarted(argv, result, unit, host)
  const first = await show(unit, host)
  const deadline = performance.now() + patience
  const settledAt = performance.now() + (startsBlind.includes(first.Type) ? settleMs : 0)
  for (let now = first; ; now = await show(unit, host)) {
    if (hasFailed(now, first, verb)) throw await fellOver(verb, unit, now, host)
    if (now.ActiveState !== 'activating' && now.ActiveState !== 'reloading' && performance.now() >= settledAt) return
    if (performance.now() > deadline)
      throw new Error(
        `Waited ${patience / 1000} s for ${unit} to become active after ${verb}; it is still ${now.ActiveState} (${now.SubState}).`,
      )
    await pause(Math.min(pollMs, settleMs))
  }
}

function hasFailed(now: Shown, first: Shown, verb: string) {
  if (now.ActiveState === 'failed' || now.SubState === 'auto-restart' || now.NRestarts !== first.NRestarts) return true
  // A oneshot that has done its work is inactive, and so is what try-restart found stopped.
  return now.ActiveState === 'inactive' && now.Type !== 'oneshot' && verb !== 'try-restart'
}

async function show(unit: string, host: Host): Promise<Shown> {
  const { stdout } = await must(host, ['systemctl', 'show', `--property=${properties.join(',')}`, '--', unit])
  const value = (property: keyof Shown) => new RegExp(`^${property}=(.*)$`, 'm').exec(stdout)?.[1] ?? ''
  return {
    ActiveState: value('ActiveState'),
    SubState: value('SubState'),
    Result: value('Result'),
    Type: value('Type'),
    NRestarts: value('NRestarts'),
    ExecMainCode: value('ExecMainCode'),
    ExecMainStatus: value('ExecMainStatus'),
  }
}

export function notThere(unit: string) {
  return `There is no ${unit}. Declare the pkg or systemd_unit that brings ${unit} before the service.`
}

async function notStarted(argv: string[], result: CommandResult, unit: string, host: Host) {
  const said = commandFailed(argv, result)
  if (/not found|not loaded/.test(said)) return new Error(`${said}\n${notThere(unit)}`)
  if (/is masked/.test(said)) return new Error(`${said}\nSay \`masked: false\` in the recipe if it may start again.`)
  return fellOver(String(argv[1]), unit, await show(unit, host), host, said)
}

async function fellOver(verb: string, unit: string, now: Shown, host: Host, said?: string) {
  const { stdout } = await host.run(['journalctl', '-u', unit, '-n', '20', '--no-pager', '-o', 'cat'])
  const what = `${unit} did not stay up after ${verb}: ${endOf(now)}, and is ${now.ActiveState} (${now.SubState}).`
  return new Error([what, ...(said ? [said] : []), `Its last log lines:`, stdout.trim() || '(none)'].join('\n'))
}

function endOf({ ExecMainCode, ExecMainStatus, Result, NRestarts, ActiveState }: Shown) {
  if (ExecMainCode === '1') return `it exited with ${ExecMainStatus}`
  if (ExecMainCode === '2' || ExecMainCode === '3') return `it was killed by signal ${ExecMainStatus}`
  // Already started once more: its end is only in the log.
  return ActiveState === 'active' ? `it ended and was started again (restart ${NRestarts})` : `result ${Result}`
}
