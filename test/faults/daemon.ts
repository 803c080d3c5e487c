import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../../cli/api-client.ts'
import { until } from '../../lab/run.ts'
import type { Run } from '../../protocol/events.ts'
import { unlessMissing } from '../../protocol/errors.ts'
import type { Scenario } from './drive.ts'
import { type Broken, brokenAfterwards, brokenAtOnce, brokenReports, spooledBy, waitingIn } from './invariants.ts'
import type { Ended, Place } from './place.ts'
import { afterOneShot, online, pointsOf, serverSeenBy } from './scenarios.ts'
import { type Look, things } from './things.ts'

/** The daemon, which begins with a run that has much to do, and brings its report to the server while it lives on. */
export function daemon(place: Place, client: Client): Scenario {
  const server = serverSeenBy(place, client)
  const delivered = async (log: string) =>
    overBy('start').test(log) && waitingIn(place) === 0 && (await server.reports()).length > 0
  return {
    name: 'running as a daemon',
    points: [...pointsOf('delivery'), 'spool.removing', 'spool.removed', 'run.spooled', 'run.ended'],
    async begin() {
      place.restore('taken')
      await server.forget()
    },
    disturbed: async (fault) => runUntil(place, async (log) => log.includes('TrivetFault') || delivered(log), fault),
    async aftermath(ended) {
      const broken: Broken[] = brokenAtOnce(place)
      if (ended.signal === null && ended.exitCode !== 0) broken.push(['mended', `it did not live on: ${ended.stderr}`])
      const expected = spooledBy(place)
      const rescue = await runUntil(place, delivered)
      if (rescue.exitCode !== 0)
        broken.push(['mended', `the next daemon ended with ${rescue.exitCode}: ${rescue.stderr}`])
      broken.push(...brokenAfterwards(place))
      const loads = place.loads.length
      const second = await runUntil(place, delivered)
      if (!/"outcome":"unchanged".*"run over"/.test(second.stderr) || place.loads.length > loads)
        broken.push(['idle', second.stderr])
      return [...broken, ...brokenReports(place, await server.reports(), expected, 1)]
    },
  }
}

/** The daemon repairs what drifts: of a file that its service has loaded as it drifts to, so that the repair owes a restart. */
export function repairing(place: Place, client: Client): Scenario {
  const server = serverSeenBy(place, client)
  const conf = join(place.root, 'conf')
  const { before, after } = things['conf'] ?? {}
  const drift = (look: Look | undefined) => look?.kind === 'file' && writeFileSync(conf, look.text)
  return {
    name: 'repairing drift',
    points: [
      ...pointsOf('journal', 'file', 'names', 'ledger', 'owed'),
      ...(['apply.owed', 'apply.made', 'apply.looked'] as const),
    ],
    async begin() {
      place.restore('after')
      drift(before)
      place.restartService()
      drift(after)
      await server.forget()
    },
    async disturbed(fault) {
      let hasDrifted = false
      const isOver = async (log: string, pid: number) => {
        if (!hasDrifted && isWatching(pid, place.root)) {
          drift(before)
          hasDrifted = true
        }
        return log.includes('TrivetFault') || overBy('drift').test(log)
      }
      return runUntil(place, isOver, fault)
    },
    aftermath: async (ended) => afterOneShot(place, online, ended, Infinity, server.reports),
  }
}

/** What the daemon logs of a converge that began so. */
function overBy(trigger: Run['trigger']) {
  return new RegExp(`"mode":"converge","trigger":"${trigger}".*"run over"`)
}

type IsSo = (log: string, pid: number) => Promise<boolean>

/** Starts the daemon and stops it, as systemd would, once its log and the rest of the world are so; it may also die before. */
async function runUntil(place: Place, isSo: IsSo, fault?: string): Promise<Ended> {
  const { child, ended } = place.start(['run'], fault)
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  await until(
    () => `what the daemon is to do. Its log: ${stderr}`,
    async () => isOver() || isSo(stderr, child.pid ?? 0),
  )
  child.kill('SIGTERM')
  return { ...(await ended), stdout: '', stderr }
}

/** Whether the process hears of what happens in that folder (proc(5): fdinfo). */
function isWatching(pid: number, folder: string) {
  const inode = ` ino:${statSync(folder).ino.toString(16)} `
  try {
    return readdirSync(`/proc/${pid}/fdinfo`).some((fd) =>
      readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').includes(inode),
    )
  } catch (error) {
    return unlessMissing(error) ?? false
  }
}
