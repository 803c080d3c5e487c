import { z } from 'zod'
import type { ClusterFile, Group } from './cluster-file.ts'
import { wantedNodes } from './site.ts'

/** As AWS's own calculator counts a month. */
const hoursPerMonth = 730

const Price = z.number().nonnegative()

/** A price file: what one knows of one's prices. */
export const Prices = z.strictObject({
  currency: z.string().default('USD'),
  asOf: z.string().describe('When and where these prices were looked up.'),
  instanceHour: z.record(z.string(), Price).describe('By instance type.'),
  volumeGiBMonth: z.record(z.string(), Price).describe('By type of volume.'),
  publicAddressHour: Price.describe('Each public IPv4 address, whether it is kept or changes.'),
})
export type Prices = z.infer<typeof Prices>

export interface Cost {
  /** Of what has a price, with the first instance type of each group, on demand. */
  month: number
  currency: string
  asOf: string
  /** What the price file does not know, or the cluster file does not say: `t3.small`, `gp3`, `the root disk of web`. */
  unknown: string[]
}

/** What the cluster costs in a month while all of it runs. Traffic, snapshots and more than the volumes' free IOPS are not in it. */
export function costOf(file: ClusterFile, prices: Prices): Cost {
  const unknown = new Set<string>()
  const priceOf = (table: Record<string, number>, name: string) => {
    const price = table[name]
    if (price === undefined) unknown.add(name)
    return price ?? 0
  }
  for (const [name, { count, volumes }] of Object.entries(file.groups))
    if (count > 0 && !volumes.some(({ device }) => device === 'root')) unknown.add(`the root disk of ${name}`)
  const month = wantedNodes(file)
    .map(({ group }) => monthOf(group, prices, priceOf))
    .reduce((sum, one) => sum + one, 0)
  const { currency, asOf } = prices
  return { month: Math.round(month * 100) / 100, currency, asOf, unknown: [...unknown].toSorted() }
}

function monthOf(
  { instanceTypes, volumes, publicAddress }: Group,
  { instanceHour, volumeGiBMonth, publicAddressHour }: Prices,
  priceOf: (table: Record<string, number>, name: string) => number,
) {
  const [instanceType = ''] = instanceTypes
  const address = publicAddress === 'none' ? 0 : publicAddressHour
  const disks = volumes.map(({ type, sizeGiB }) => priceOf(volumeGiBMonth, type) * sizeGiB)
  return (priceOf(instanceHour, instanceType) + address) * hoursPerMonth + disks.reduce((sum, disk) => sum + disk, 0)
}
