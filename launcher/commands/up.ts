import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import type { Context } from '../../cli/context.ts'
import { bringUp, survey, waitForAll } from '../bring-up.ts'
import { told, type Change } from '../changes.ts'
import { readClusterFile, withSite } from '../open-site.ts'
import { command, filePath, siteFlags, siteOptions, siteUsage, yes, yesFlag, type SiteOptions } from '../options.ts'
import type { Site } from '../site.ts'
import { archiveAbandoned } from '../terminate-nodes.ts'

export const up = command({
  usage: `launch up FILE [--yes] [--keep-on-failure] ${siteUsage}`,
  summary: 'Make the cluster as its file says, and wait until each node has converged.',
  details: `Shows what it is about to do and asks first. Run again, it goes on where it was cut off; where all is as the file says it does nothing.
A machine that fails to boot is shown with its phase and the end of its console. It takes a login as an admin, since it makes join tokens.`,
  flags: { ...yesFlag, 'keep-on-failure': { type: 'boolean' }, ...siteFlags },
  options: z.object({ operands: z.tuple([filePath]), ...upOptions() }),

  async run({ operands: [path], ...asked }, context) {
    return withSite(await readClusterFile(path), asked, context, (site) => upWith(site, asked, context))
  },
})

/** What `up` and `scale` take beside their operands. */
export function upOptions() {
  return {
    yes,
    'keep-on-failure': z
      .boolean()
      .default(false)
      .describe('Leave a machine that failed to boot as it is, to be looked at.'),
    ...siteOptions,
  }
}

/** Tells the changes, asks, and does them; `onYes` before that, or where nothing is to be asked. */
export async function upWith(
  site: Site,
  asked: SiteOptions & { yes: boolean },
  context: Context,
  onYes: () => Promise<void> = async () => undefined,
) {
  const { output } = context
  const changes = await survey(site)
  const doable = changes.filter(({ action }) => action !== 'needs-new-machine' && action !== 'no-node')
  for (const change of changes) output.note(told(change))
  if (changes.some(({ action }) => action === 'create')) site.server.url.check()
  if (doable.length > 0) await askFirst(changes, asked.yes, context)
  await onYes()
  if (doable.length > 0) await bringUp(changes, site)
  else {
    await archiveAbandoned(site)
    await waitForAll(site)
  }
  if (asked.json) output.json({ cluster: site.file.cluster, changes: changes.map(shown) })
  else output.note(doable.length > 0 ? `${site.file.cluster} is up.` : `${site.file.cluster} is as its file says.`)
}

/** For programs: what a change is, without what only we need of it. */
export function shown({ action, what, how }: Change) {
  return { action, what, how }
}

/** Whoever cannot be asked has to have said it before: making machines costs money, and ending them data. */
async function askFirst(changes: Change[], isSure: boolean, context: Context) {
  const isDeadly = changes.some(({ action }) => action === 'destroy')
  if (isSure) return
  const answer = await context.confirm(isDeadly ? 'Do this, and destroy machines?' : 'Do this?')
  if (answer) return
  throw new CommandError(
    answer === undefined ? 'nothing was done: there is no terminal to ask on. Next: --yes' : 'nothing was done',
  )
}
