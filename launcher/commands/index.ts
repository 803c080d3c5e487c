import type { Command } from '../../cli/command.ts'
import type { Context } from '../../cli/context.ts'
import { destroy } from './destroy.ts'
import { bakeCommand } from './bake.ts'
import { consoleCommand } from './console.ts'
import { gc } from './gc.ts'
import { inventory } from './inventory.ts'
import { policy } from './policy.ts'
import { plan } from './plan.ts'
import { reboot, start, stop } from './power.ts'
import { scale } from './scale.ts'
import { schema } from './schema.ts'
import { statusCommands } from './status.ts'
import { up } from './up.ts'

/** All verbs of `trivet launch`, as help lists them. */
export const launchCommands: Command<Context>[] = [
  plan,
  up,
  ...statusCommands,
  scale,
  stop,
  start,
  reboot,
  destroy,
  inventory,
  consoleCommand,
  bakeCommand,
  gc,
  policy,
  schema,
]
