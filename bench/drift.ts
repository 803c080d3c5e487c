import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { benchmark, commonFlags, commonOptions, type Measuring } from './command.ts'
import { type WorkSet, workSets } from './converge/work-sets.ts'
import { type Burst, driftAtOnce, driftInTurn } from './drift/drifting.ts'
import { mgmtFile, quietMgmt, withMgmt } from './drift/mgmt.ts'
import { type Drifts, figuresOf, markdownOf, type Rest } from './drift/report.ts'
import { readMachine } from './machine.ts'
import { cpuOver, memoryOf } from './process.ts'
import { agentPid, order, restart } from './resident.ts'
import { type Site, withRole } from './site.ts'

const number = z.coerce.number().int().min(1)
/** Of one file; more of them in a row would be taken for flapping. */
const turnsOfOne = 25
/** Far enough apart that each is a repair of its own, with a report of its own. */
const [turnsApart, apartMs] = [50, 500]

interface Found {
  drifts: Drifts[]
  bursts: Burst[]
  rests: Rest[]
}

export const drift = defineCommand<CommandContext>()({
  usage: 'drift [--drifts N] [--bursts N] [--rest SECONDS] [--write-readme] [--json]',
  summary: 'How soon drift is repaired where a role says watch, and what watching costs; beside mgmt.',
  flags: { drifts: { type: 'string' }, bursts: { type: 'string' }, rest: { type: 'string' }, ...commonFlags },
  options: z.object({
    ...commonOptions,
    drifts: number.default(1000).describe('How many drifts one after another, on files taken at random.'),
    bursts: number.default(3).describe('How often all files drift at once.'),
    rest: number.default(20).describe('Over how many seconds it is watched doing nothing.'),
  }),

  async run({ drifts, bursts, rest, ...told }, context) {
    await benchmark(
      { section: 'drift', site: { os: 'trixie', packages: ['mgmt', 'procps'], programs: ['drifter'] }, told, context },
      async (site, measuring) => {
        const found: Found = { drifts: [], bursts: [], rests: [] }
        const { note } = measuring
        await quietMgmt(site)
        await withOurs('w1', workSets.W1, site, measuring, async (pid) => {
          found.rests.push(await restOf('trivet-agent, 1,000 files, not watched', pid, rest, site, measuring))
        })
        await withOurs('w1-watched', workSets.W1, site, measuring, async (pid) => {
          found.rests.push(await restOf('trivet-agent, 1,000 files watched', pid, rest, site, measuring))
          note(`1,000 files: ${drifts} drifts in turn`)
          const paths = pathsOf(workSets.W1)
          found.drifts.push({ of: 'trivet-agent, 1,000 files', ...(await driftInTurn(paths, drifts, site)) })
          const apart = await driftInTurn(paths, turnsApart, site, apartMs)
          found.drifts.push({ of: 'trivet-agent, 1,000 files, half a second apart', ...apart })
          for (let burst = 1; burst <= bursts; burst++) {
            measuring.goOn()
            note(`1,000 files: burst ${burst} of ${bursts}`)
            found.bursts.push(await driftAtOnce(paths, site))
          }
        })
        await besideMgmt(found, rest, site, measuring)
        const machine = await readMachine(site, { mgmt: ['mgmt', '--version'] })
        return { machine, figures: figuresOf(found), ...found, rest }
      },
      markdownOf,
    )
  },
})

async function besideMgmt({ drifts, rests }: Found, rest: number, site: Site, measuring: Measuring) {
  await withOurs('w5-watched', workSets.W5, site, measuring, async (pid) => {
    rests.push(await restOf('trivet-agent, one file watched', pid, rest, site, measuring))
    drifts.push({ of: 'trivet-agent, one file', ...(await driftInTurn(pathsOf(workSets.W5), turnsOfOne, site)) })
  })
  measuring.note('mgmt: start it with one file')
  await withMgmt(site, async (pid) => {
    rests.push(await restOf('mgmt, one file', pid, rest, site, measuring))
    drifts.push({ of: 'mgmt, one file', ...(await driftInTurn([mgmtFile], turnsOfOne, site)) })
  })
}

/** While a daemon that was just started keeps the set; `work` gets its process. */
async function withOurs(
  role: string,
  { summary }: WorkSet,
  site: Site,
  { note }: Measuring,
  work: (pid: number) => Promise<void>,
) {
  note(`${role} (${summary}): make it so by our own server and agent`)
  await withRole(role, site, async () => {
    await order(site)
    await restart(site, 'unchanged')
    await work(await agentPid(site))
  })
}

/** So long after its start, and then over as long again. */
async function restOf(of: string, pid: number, seconds: number, site: Site, { note, goOn }: Measuring): Promise<Rest> {
  goOn()
  note(`${of}: at rest for ${2 * seconds} s`)
  await delay(seconds * 1000)
  return { of, ...(await memoryOf(pid, site)), cpu: await cpuOver(seconds, pid, site) }
}

function pathsOf({ files }: WorkSet) {
  return files.map(({ path }) => path)
}
