import type { Command } from '../../cli/command.ts'
import type { AgentContext } from './common.ts'
import { apply } from './apply.ts'
import { bridge } from './bridge.ts'
import { converge, plan } from './converge.ts'
import { join } from './join.ts'
import { judge } from './judge.ts'
import { run } from './run.ts'
import { status } from './status.ts'

/** Every verb of `trivet-agent`. A command loads what speaks with the server only when it does: a run from disk starts without it. */
export const agentCommands: Command<AgentContext>[] = [join, run, converge, plan, apply, status, bridge, judge]
