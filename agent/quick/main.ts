import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { endWithOutput } from '../../cli/lost-output.ts'
import type { Report } from '../../protocol/events.ts'
import { resourceTypes } from '../../resources/index.ts'
import { built } from '../built.ts'
import { checkAll } from '../runs/check.ts'
import { type Begun, Journal } from '../kept/journal.ts'
import { Ledger } from '../kept/ledger.ts'
import { holderOf, tryLock } from '../kept/lock.ts'
import { Parts } from '../parts.ts'
import { unitsOf } from '../runs/prepare.ts'
import { reportOf } from '../runs/report.ts'
import type { Request } from '../runs/run.ts'
import { summaryOf } from '../runs/show.ts'
import { whyDisabled } from '../runs/stance.ts'
import { stateIn } from '../kept/state.ts'
import { standardDeadlineMs } from '../runs/walk.ts'
import { trustNoMore } from './no-zod.ts'

/**
 * The common run of a cold `trivet-agent converge`: nothing differs, nothing is owed, nothing is left over. It is made without zod
 * (no-zod.ts), the network and all else that takes time to load. Gives the exit code; undefined where there is more to do than to look:
 * then the whole agent begins anew, as if this had not been.
 */
export async function convergeQuickly(argv: string[]): Promise<number | undefined> {
  const asked = askedBy(argv)
  if (!asked) return undefined
  const { dir, json } = asked
  const path = (name: string) => join(dir, name)
  if (!existsSync(path('identity.json')) || ['types.json', 'reboot.json'].some((name) => existsSync(path(name))))
    return undefined
  if (!asked.offline && holderOf(path('daemon.lock')) === undefined) return undefined
  const lock = tryLock(path('run.lock'))
  if ('heldBy' in lock) return undefined
  try {
    const report = await look(dir)
    if (!report) return undefined
    endWithOutput('trivet-agent', process.stdout, process.stderr, (code) => process.exit(code))
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : summaryOf(report.run)}\n`)
    return 0
  } finally {
    lock.release()
  }
}

function askedBy([verb, ...rest]: string[]) {
  if (verb !== 'converge') return undefined
  const asked = { offline: false, json: false, dir: '/var/lib/trivet-agent' }
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--offline') asked.offline = true
    else if (word === '--json') asked.json = true
    else if (word === '--state' && rest[0] !== undefined) asked.dir = rest.shift() ?? ''
    else if (word !== '--detailed-exitcodes') return undefined
  }
  return asked
}

async function look(dir: string): Promise<Report | undefined> {
  const startedAt = Date.now()
  const state = stateIn(dir)
  const { catalog, host, spool } = new Parts(state, resourceTypes, built.version)
  const found = catalog.readNoted()
  const journal = new Journal(state.path('journal'))
  if (!found || whyDisabled(found.head, startedAt) !== undefined) return undefined
  if (journal.interrupted || journal.owed.length > 0) return undefined
  if (!new Ledger(state.path('ledger')).isSettled(found.digest)) return undefined
  host.expectUnits(unitsOf(found.prepared))
  trustNoMore()
  host.limitRun(found.head.runDeadlineMs ?? standardDeadlineMs)
  const findings = await checkAll(found.prepared, host)
  if (findings.some(({ is }) => is !== 'as-wanted')) return undefined
  const request: Request = { mode: 'converge', trigger: 'manual', orders: [] }
  const begun: Begun = { id: randomUUID(), ...request, catalog: found.digest, startedAt }
  const report = reportOf(begun, [], { finishedAt: Date.now(), unchanged: findings.length, owed: [] })
  spool.add(report)
  return report
}
