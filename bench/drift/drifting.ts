import { z } from 'zod'
import { insideFolder, nodeProgram, type Site } from '../site.ts'

const Drifted = z.object({
  /** From before the write until the file was right again. */
  ms: z.array(z.number()),
  /** How many were not right again within 20 s. */
  missed: z.int(),
})
export type Drifted = z.infer<typeof Drifted>
const Burst = Drifted.extend({ writtenMs: z.number() })
export type Burst = z.infer<typeof Burst>

/** Writes into files taken at random, one after another, each when the one before is right again, or so long after that. */
export async function driftInTurn(paths: string[], count: number, site: Site, pauseMs = 0): Promise<Drifted> {
  return Drifted.parse(await drift(paths, ['turns', String(count), String(pauseMs)], site))
}

/** Writes into all of them, and waits until the last one is right again. */
export async function driftAtOnce(paths: string[], site: Site): Promise<Burst> {
  return Burst.parse(await drift(paths, ['burst'], site))
}

async function drift(paths: string[], words: string[], { node, must }: Site): Promise<unknown> {
  const list = `${insideFolder}/drifting.json`
  await node.write(list, JSON.stringify(paths))
  return JSON.parse(await must([nodeProgram, `${insideFolder}/drifter.cjs`, list, ...words]))
}
