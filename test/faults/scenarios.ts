import type { Client } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { Report } from '../../protocol/events.ts'
import { faultPoints } from '../../resources/fault-points.ts'
import type { Scenario } from './drive.ts'
import {
  type Broken,
  brokenAfterwards,
  brokenAtOnce,
  brokenReports,
  type Expected,
  spooledBy,
  spoolOf,
  type Told,
} from './invariants.ts'
import type { Ended, Place } from './place.ts'

const offline = ['converge', '--offline', '--json']
export const online = ['converge', '--json']

/** The points of these files, by the first word of their names. */
export function pointsOf(...files: string[]) {
  return faultPoints.filter((point) => files.includes(point.split('.', 1)[0] ?? ''))
}

/** A run of a new catalog, from disk. */
export function converging(place: Place): Scenario {
  const files = ['file', 'access', 'adopt', 'directory', 'link', 'remove', 'tree', 'archive', 'names', 'blob']
  return {
    name: 'converging',
    points: [
      ...pointsOf(...files, 'journal', 'state', 'ledger', 'orphan', 'apply', 'owed'),
      ...(['run.begun', 'run.walked', 'run.closed', 'run.spooled', 'run.ended', 'reboot.forgotten'] as const),
    ],
    begin: async () => place.restore('taken'),
    disturbed: async (fault) => place.run(offline, fault),
    // What was being cleaned up when the agent died.
    aftermath: async (ended) => afterOneShot(place, offline, ended, 1, async () => spoolOf(place)),
  }
}

/** A run after one that died: it has that one's report to make, and its work to go on with. */
export function recovering(place: Place): Scenario {
  return {
    name: 'recovering',
    points: [...pointsOf('journal', 'state', 'ledger', 'owed', 'run'), 'apply.owed', 'apply.made', 'reboot.forgotten'],
    begin: async () => place.restore('died'),
    disturbed: async (fault) => place.run(offline, fault),
    aftermath: async (ended) => afterOneShot(place, offline, ended, 0, async () => spoolOf(place)),
  }
}

/** A run with nothing to do. */
export function idling(place: Place): Scenario {
  return {
    name: 'idling',
    points: ['run.begun', 'run.walked', 'run.closed', 'spool.written', 'run.spooled', 'run.ended', 'reboot.forgotten'],
    begin: async () => place.restore('after'),
    disturbed: async (fault) => place.run(offline, fault),
    aftermath: async (ended) => afterOneShot(place, offline, ended, Infinity, async () => spoolOf(place)),
  }
}

/** A run that first takes its catalog from the server, and brings its report there. */
export function taking(place: Place, client: Client): Scenario {
  const server = serverSeenBy(place, client)
  return {
    name: 'taking a catalog',
    points: [
      ...pointsOf('state', 'blob', 'catalog', 'delivery'),
      ...(['spool.removing', 'spool.removed', 'run.begun', 'run.spooled', 'run.ended'] as const),
    ],
    async begin() {
      place.restore('before')
      await server.forget()
    },
    disturbed: async (fault) => place.run(online, fault),
    aftermath: async (ended) => afterOneShot(place, online, ended, 0, server.reports),
  }
}

/** The reports that the server has stored of a node since it was told to forget what was before. */
export function serverSeenBy({ name }: Place, client: Client) {
  let before = new Set<string>()
  const ids = async () => (await client.list(api.listRuns, { node: name, limit: 100 })).map(({ id }) => id)
  return {
    forget: async () => {
      before = new Set(await ids())
    },
    reports: async (): Promise<Told[]> => {
      const fresh = (await ids()).filter((id) => !before.has(id))
      return Promise.all(fresh.map((id) => client.call(api.readRun, { id })))
    },
  }
}

export async function afterOneShot(
  place: Place,
  args: string[],
  ended: Ended,
  mostUntold: number,
  reports: () => Promise<Told[]>,
) {
  const broken: Broken[] = brokenAtOnce(place)
  const expected = [...spooledBy(place), ...runIn(ended)]
  const rescue = await place.run(args)
  if (rescue.exitCode !== 0) broken.push(['mended', `the next run ended with ${rescue.exitCode}: ${rescue.stderr}`])
  broken.push(...brokenAfterwards(place))
  const loads = place.loads.length
  const second = await place.run(args)
  const isIdle = second.exitCode === 0 && Report.parse(JSON.parse(second.stdout)).run.outcome === 'unchanged'
  if (!isIdle || place.loads.length > loads) broken.push(['idle', second.stdout || second.stderr])
  return [...broken, ...brokenReports(place, await reports(), expected, mostUntold)]
}

/** The run, where it came to its end and its report could be kept. */
function runIn({ stdout }: Ended): Expected[] {
  if (stdout === '') return []
  const { id, outcome, error } = Report.parse(JSON.parse(stdout)).run
  return error?.includes('cannot be kept') ? [] : [{ id, outcome }]
}
