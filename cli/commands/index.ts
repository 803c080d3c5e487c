import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { agentCommands } from './agent.ts'
import { apiTokenCommands } from './api-token.ts'
import { audit, exportAudit } from './audit.ts'
import { backup } from './backup.ts'
import { clusterCommands } from './cluster.ts'
import { completionCommands } from './completion.ts'
import { contextCommands } from './context.ts'
import { converge, plan } from './converge.ts'
import { events } from './events.ts'
import { fleet } from './fleet.ts'
import { nodeHistory, runHistory } from './history.ts'
import { exportRuns } from './export.ts'
import { leaseCommands } from './lease.ts'
import { login } from './login.ts'
import { man } from './man.ts'
import { metrics } from './metrics.ts'
import { nodeCommands } from './node.ts'
import { openapi } from './openapi.ts'
import { orderCommands } from './order.ts'
import { recipeCommands } from './recipe.ts'
import { revisionCommands } from './revision.ts'
import { roleCommands } from './role.ts'
import { runCommands } from './run.ts'
import { tokenCommands } from './token.ts'
import { userCommands } from './user.ts'
import { webhookCommands } from './webhook.ts'
import { whoami } from './whoami.ts'

/** All verbs of `trivet`, as help lists them. */
export const commands: Command<Context>[] = [
  login,
  ...contextCommands,
  whoami,
  fleet,
  ...tokenCommands,
  ...userCommands,
  ...apiTokenCommands,
  ...nodeCommands,
  ...nodeHistory,
  ...clusterCommands,
  ...roleCommands,
  ...recipeCommands,
  ...revisionCommands,
  plan,
  converge,
  ...agentCommands,
  ...orderCommands,
  ...runCommands,
  ...runHistory,
  ...leaseCommands,
  events,
  audit,
  ...webhookCommands,
  exportRuns,
  exportAudit,
  metrics,
  openapi,
  backup,
  ...completionCommands,
  man,
]
