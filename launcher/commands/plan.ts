import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { cannotRead } from '../../cli/write-safely.ts'
import { describeIssues } from '../../protocol/describe-issue.ts'
import { survey } from '../bring-up.ts'
import { told } from '../changes.ts'
import { costOf, Prices, type Cost } from '../cost.ts'
import { lookAtSite, readClusterFile } from '../open-site.ts'
import { command, filePath, siteFlags, siteOptions, siteUsage } from '../options.ts'
import { shown } from './up.ts'

export const plan = command({
  usage: `launch plan FILE [--prices FILE] [--detailed-exitcodes] ${siteUsage}`,
  summary: 'Tell what up would make, change and destroy, and what the cluster costs in a month.',
  details: 'A file of prices is one of yours: docs/examples/prices.yaml shows how it is written.',
  flags: { prices: { type: 'string' }, 'detailed-exitcodes': { type: 'boolean' }, ...siteFlags },
  options: z.object({
    operands: z.tuple([filePath]),
    prices: z.string().optional().describe('A file of prices, by which the cost is reckoned.'),
    'detailed-exitcodes': z.boolean().default(false).describe('2 where there is something to do.'),
    ...siteOptions,
  }),

  async run({ operands: [path], prices: pricesPath, ...asked }, context) {
    const prices = pricesPath === undefined ? undefined : await readPrices(pricesPath)
    return lookAtSite(await readClusterFile(path), asked, context, async (site) => {
      const changes = await survey(site)
      const { output } = context
      const isFree = prices && asked.provider === 'lab'
      if (isFree) output.note('A lab costs nothing.')
      const cost = prices && !isFree ? costOf(site.file, prices) : undefined
      if (asked.json) output.json({ cluster: site.file.cluster, changes: changes.map(shown), cost })
      else for (const line of [...changes.map(told), ...(cost ? costLines(cost) : [])]) output.line(line)
      if (changes.length === 0) output.note(`${site.file.cluster} is as its file says.`)
      return asked['detailed-exitcodes'] && changes.length > 0 ? 2 : 0
    })
  },
})

async function readPrices(path: string) {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw cannotRead(path, error)
  })
  const document = parseDocument(text)
  const [broken] = document.errors
  if (broken) throw new CommandError(`${path}: ${broken.message}`)
  const { success, data, error } = Prices.safeParse(document.toJS())
  if (success) return data
  throw new CommandError(
    describeIssues(error)
      .map((issue) => `${path}: ${issue}`)
      .join('\n'),
  )
}

function costLines({ month, currency, asOf, unknown }: Cost) {
  const missing = unknown.length > 0 ? [`No price is known of ${unknown.join(', ')}: that is not in it.`] : []
  return [`All of it costs ${month.toFixed(2)} ${currency} a month, on demand (prices as of ${asOf}).`, ...missing]
}
