import { CommandError } from '../../cli/command.ts'
import { traceOfChildren } from '../process.ts'
import { agentPid, order, residentRun } from '../resident.ts'
import type { Site } from '../site.ts'
import { damage } from './look.ts'
import type { WorkSet } from './work-sets.ts'

/** Whether the resident agent starts processes in runs with nothing to do. Throws where those of a repair, which starts some, are not seen. */
export async function startsChildren(set: WorkSet, runs: number, site: Site) {
  await order(site)
  const pid = await agentPid(site)
  const before = await traceOfChildren(pid, site)
  await damage(set, site)
  await residentRun(site, 'changed')
  const repaired = await traceOfChildren(pid, site)
  if (!(repaired > before)) throw new CommandError('a repair starts processes, and no trace of them is seen')
  for (let run = 0; run < runs; run++) await residentRun(site, 'unchanged')
  return (await traceOfChildren(pid, site)) !== repaired
}
