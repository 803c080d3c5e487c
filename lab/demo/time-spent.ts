import { z } from 'zod'
import { ResourceEvent } from '../../protocol/events.ts'
import type { Fleet } from '../fleet.ts'
import type { LabNode } from '../node.ts'

const Runs = z.array(z.object({ id: z.string() }))
const Shown = z.object({ events: z.array(ResourceEvent) })

/** Where the busiest of these nodes spent its time in all its runs so far, by resource type: `lab-2 worked for 84 s: pkg 60 s, …`. */
export async function timeSpent(fleet: Fleet, nodes: LabNode[]) {
  const all = await Promise.all(nodes.map((node) => spentBy(fleet, node)))
  const [most] = all.toSorted((a, b) => b.total - a.total)
  if (!most) return ''
  const types = [...most.byType].toSorted(([, a], [, b]) => b - a).slice(0, 5)
  const parts = types.map(([type, ms]) => `${type} ${seconds(ms)}`)
  return `${most.name} worked for ${seconds(most.total)}: ${parts.join(', ')}`
}

async function spentBy({ mustTrivet }: Fleet, { name }: LabNode) {
  const runs = Runs.parse(JSON.parse(await mustTrivet('run', 'list', '--node', name, '--json', '--limit', '100')))
  const byType = new Map<string, number>()
  for (const { id } of runs)
    for (const event of Shown.parse(JSON.parse(await mustTrivet('run', 'show', id, '--json'))).events) {
      const type = event.id.slice(0, event.id.indexOf('['))
      byType.set(type, (byType.get(type) ?? 0) + event.durationMs)
    }
  return { name, byType, total: [...byType.values()].reduce((sum, ms) => sum + ms, 0) }
}

function seconds(ms: number) {
  return `${Math.round(ms / 1000)} s`
}
