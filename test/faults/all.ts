import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Fault, type FaultPoint, faultPoints, faults } from '../../resources/fault-points.ts'
import { daemon, repairing } from './daemon.ts'
import { type Depth, drive, type Driven, type Scenario } from './drive.ts'
import { openField, prepareNode, type Field } from './field.ts'
import { rebooting } from './rebooting.ts'
import { converging, idling, recovering, taking } from './scenarios.ts'

/** Each has a node of its own. */
const workers = ['fault-1', 'fault-2']
/** Nothing here waits for a disk: what is tried out is death, not loss of power. */
const memory = '/dev/shm'

export interface Wanted {
  faults: readonly Fault[]
  depth: Depth
  /** In every scenario, or only in the first that passes the point. */
  scenarios: 'all' | 'first'
  isWanted: (point: FaultPoint) => boolean
}

export const everything: Wanted = { faults, depth: 'each pass', scenarios: 'all', isWanted: () => true }

/** Drives the wanted points, several at a time, and tells each as it is done. */
export async function driveAll(wanted: Wanted, told: (driven: Driven[]) => void): Promise<Driven[]> {
  const base = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'trivet-faults-'))
  const all: Driven[] = []
  try {
    const field = await openField(base)
    try {
      const machines = await Promise.all(workers.map((name) => scenariosOn(field, name)))
      const tasks = tasksFor(machines[0] ?? [], wanted)
      const work = async (scenarios: Scenario[]) => {
        for (let task = tasks.shift(); task; task = tasks.shift()) {
          const scenario = scenarios[task.scenario]
          const driven = scenario ? await drive(scenario, task.point, wanted) : []
          told(driven)
          all.push(...driven)
        }
      }
      await Promise.all(machines.map(work))
    } finally {
      await field.close()
    }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
  return all
}

async function scenariosOn(field: Field, name: string): Promise<Scenario[]> {
  const place = await prepareNode(field, name)
  const { client } = field
  const oneShots = [converging(place), taking(place, client), idling(place), recovering(place)]
  const daemons = [daemon(place, client), repairing(place, client)]
  return [...oneShots, ...daemons, ...(await rebooting(join(field.base, `${name}.rebooting`)))]
}

function tasksFor(scenarios: Scenario[], { scenarios: which, isWanted }: Wanted) {
  const tasks = scenarios.flatMap(({ points }, scenario) => points.map((point) => ({ scenario, point })))
  const isFirst = (task: { point: FaultPoint }) => tasks.find(({ point }) => point === task.point) === task
  return tasks.filter((task) => isWanted(task.point) && (which === 'all' || isFirst(task)))
}

/** The points that no scenario passes, of those that are wanted. */
export function unreached(driven: Driven[], { isWanted }: Wanted) {
  return faultPoints.filter((one) => isWanted(one) && !driven.some(({ point, struck }) => point === one && struck > 0))
}
