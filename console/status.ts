import type { Outcome, RunOutcome } from '../protocol/events.ts'
import type { NodeSummary, TargetState } from '../protocol/views.ts'
import type { SourceChange } from '../protocol/revision.ts'
import type { IconName } from './parts/icon.tsx'

export type Tone = 'good' | 'news' | 'bad' | 'warn' | 'wait' | 'calm'

/** How a state looks: never by its colour alone. */
export interface Look {
  label: string
  tone: Tone
  icon: IconName
  spin?: boolean
}

const good = (label: string): Look => ({ label, tone: 'good', icon: 'check' })
const news = (label: string): Look => ({ label, tone: 'news', icon: 'changed' })
const bad = (label: string): Look => ({ label, tone: 'bad', icon: 'failed' })
const calm = (label: string, icon: IconName = 'dash'): Look => ({ label, tone: 'calm', icon })
const wait = (label: string): Look => ({ label, tone: 'wait', icon: 'wait' })

export const nodeLooks: Record<NodeSummary['state'], Look> = {
  unchanged: good('converged'),
  changed: news('changed'),
  'would-change': { label: 'would change', tone: 'warn', icon: 'plan' },
  failed: bad('failed'),
  interrupted: bad('interrupted'),
  error: bad('error'),
  pending: wait('pending'),
  new: calm('new', 'plus'),
  unassigned: calm('unassigned'),
  archived: calm('archived', 'stop'),
  revoked: calm('revoked', 'stop'),
}

export const runLooks: Record<RunOutcome, Look> = {
  unchanged: good('unchanged'),
  changed: news('changed'),
  'would-change': { label: 'would change', tone: 'warn', icon: 'plan' },
  failed: bad('failed'),
  interrupted: bad('interrupted'),
}

export const eventLooks: Record<Outcome, Look> = {
  unchanged: good('unchanged'),
  changed: news('changed'),
  'would-change': { label: 'would change', tone: 'warn', icon: 'plan' },
  unknown: { label: 'unknown', tone: 'warn', icon: 'plan' },
  failed: bad('failed'),
  skipped: calm('skipped', 'skip'),
  deferred: wait('deferred'),
}

export const targetLooks: Record<TargetState, Look> = {
  waiting: wait('waiting'),
  delivered: calm('delivered', 'right'),
  started: { label: 'running', tone: 'news', icon: 'spin', spin: true },
  converged: good('converged'),
  failed: bad('failed'),
  refused: bad('refused'),
  unreachable: calm('unreachable', 'offline'),
  'timed-out': bad('timed out'),
  cancelled: calm('cancelled', 'stop'),
}
/** What became of a file of the sources. */
export const changeLooks: Record<SourceChange['change'], Look> = {
  added: { label: 'added', tone: 'good', icon: 'plus' },
  changed: news('changed'),
  removed: { label: 'removed', tone: 'bad', icon: 'dash' },
}

export const offline: Look = calm('offline', 'offline')
export const disabled: Look = calm('disabled', 'stop')
export const audited: Look = { label: 'audit only', tone: 'calm', icon: 'eye' }
export const behind: Look = wait('behind')
