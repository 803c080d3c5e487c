import type { Log } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { UpgradeResult } from '../../protocol/upgrade.ts'
import type { Lock } from '../kept/lock.ts'
import type { Intent, UpgradeFiles } from './intent.ts'
import type { Slots } from './slots.ts'

/** What a judge acts on. */
export interface Court {
  files: UpgradeFiles
  slots: Slots
  /** The agent's. */
  service: {
    /** Once it has ended. */
    stop: () => Promise<void>
    /** Not waited for: it may be no good. */
    start: () => Promise<void>
    /** What it logged since then. */
    lastLines: (since: number) => Promise<string>
  }
  /** Once no run is under way, so that none begins; rejects where one does not end. */
  lockRuns: () => Promise<Lock>
  /** The boot of this machine, and how long it is since. */
  uptime: () => { boot: string; ms: number }
  now: () => number
  /** Before it looks again. */
  pause: () => Promise<void>
  /** Nothing is left to be judged. */
  end: () => Promise<void>
  log: Log
}

/**
 * Puts the new agent in the place of the old one, and the old one back where the new one does not do its work in time. It may be killed anywhere: each step
 * is written down before it is made, and made again where that is not known to be done.
 */
export async function judge(court: Court) {
  for (let intent = court.files.readIntent(); intent; intent = court.files.readIntent()) await step(court, intent)
  await court.end()
}

async function step(court: Court, intent: Intent) {
  const { files, log } = court
  log(`upgrade: ${intent.phase}`, { order: intent.order, from: intent.from.version, to: intent.to.version })
  switch (intent.phase) {
    case 'switch':
      return files.writeIntent(await switched(court, intent))
    case 'wait':
      return files.writeIntent(await judged(court, intent))
    case 'back':
      return files.writeIntent(await switchedBack(court, intent))
    case 'over':
      return files.close(
        intent.result ?? over(intent, 'failed', intent.from.version, 'how it ended was not written down'),
      )
  }
}

async function switched(court: Court, intent: Intent): Promise<Intent> {
  const { slots, service, lockRuns, log } = court
  const { from, to, order } = intent
  if (slots.current !== from.slot && slots.current !== to.slot) return superseded(intent)
  try {
    if (slots.current !== to.slot) {
      const lock = await lockRuns()
      try {
        await moveTo(court, to.slot)
      } finally {
        lock.release()
      }
    }
    await service.start()
    return waitingFrom(court, intent)
  } catch (error) {
    log(`the new agent cannot be put in its place: ${messageOf(error)}`, { level: 'error', order })
    return { ...intent, phase: 'back', why: `it could not be put in its place: ${messageOf(error)}` }
  }
}

/** What runs is stopped first, so that what `current` names by now has never to be stopped. */
async function moveTo({ slots, service }: Court, slot: string) {
  await service.stop()
  slots.point(slot)
}

function waitingFrom({ uptime, now }: Court, intent: Intent): Intent {
  const { boot, ms } = uptime()
  return { ...intent, phase: 'wait', waiting: { boot, sinceMs: ms, at: now() } }
}

/** The time that a machine was off does not count: it has as long again. */
async function judged(court: Court, intent: Intent): Promise<Intent> {
  const { files, slots, service, uptime, pause } = court
  const { waiting, to, patienceMs } = intent
  if (!waiting || waiting.boot !== uptime().boot) return waitingFrom(court, intent)
  for (;;) {
    if (slots.current !== to.slot) return superseded(intent)
    if (files.isProven(intent)) return ended(intent, over(intent, 'upgraded', to.version))
    if (uptime().ms - waiting.sinceMs > patienceMs) break
    await pause()
  }
  const lines = await service.lastLines(waiting.at).catch((error: unknown) => `(${messageOf(error)})`)
  const why = `it did not connect and make a run without a change within ${Math.round(patienceMs / 1000)} s. Its log ended with:`
  return { ...intent, phase: 'back', why: `${why}\n${lines.trim().slice(-4000) || '(nothing)'}` }
}

async function switchedBack(court: Court, intent: Intent): Promise<Intent> {
  const { slots, service } = court
  const { from, to, why = 'nobody wrote down why' } = intent
  if (slots.current !== from.slot) await moveTo(court, from.slot)
  await service.start()
  return ended(intent, over(intent, 'rolled-back', from.version, `${to.version} was rolled back: ${why}`))
}

/** Somebody has installed another agent meanwhile: that one stays. */
function superseded(intent: Intent) {
  return ended(intent, over(intent, 'failed', 'another', 'another agent was installed meanwhile, and that one runs'))
}

function ended(intent: Intent, result: UpgradeResult): Intent {
  return { ...intent, phase: 'over', result }
}

function over({ order }: Intent, outcome: UpgradeResult['outcome'], version: string, reason?: string): UpgradeResult {
  return { order, outcome, version, ...(reason !== undefined && { reason }) }
}
