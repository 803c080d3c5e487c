// The process that holds a detached lab: `main.ts NAME OS COUNT [PACKAGE...]`, started by detach.ts. SIGTERM takes the lab down.
import { once } from 'node:events'
import { z } from 'zod'
import { listenToOthers } from './control.ts'
import { upLab } from './lab.ts'
import { LabName, Os } from './state.ts'

const Arguments = z.tuple([LabName, Os, z.coerce.number().int().nonnegative()], z.string())

/** Gives the exit code. */
export async function main(argv: string[]): Promise<number> {
  const [name, os, count, ...packages] = Arguments.parse(argv)
  const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const lab = await upLab({ name, os, count, packages, onProgress: (text) => console.error(text) })
  const control = await listenToOthers(lab)
  await stopped
  await control.close()
  await lab.down()
  return 0
}

process.exitCode = await main(process.argv.slice(2))
