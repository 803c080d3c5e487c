// The process that holds a detached lab: `main.ts NAME OS COUNT`, started by detach.ts. SIGTERM takes the lab down.
import { once } from 'node:events'
import { z } from 'zod'
import { upLab } from './lab.ts'
import { LabName, Os } from './state.ts'

const Arguments = z.tuple([LabName, Os, z.coerce.number().int().positive()])

/** Gives the exit code. */
export async function main(argv: string[]): Promise<number> {
  const [name, os, count] = Arguments.parse(argv)
  const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const lab = await upLab({ name, os, count, onProgress: (text) => console.error(text) })
  await stopped
  await lab.down()
  return 0
}

process.exitCode = await main(process.argv.slice(2))
