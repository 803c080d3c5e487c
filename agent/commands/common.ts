import { hostname } from 'node:os'
import { z } from 'zod'
import { type CommandContext, CommandError, defineCommand, type Log, UsageError } from '../../cli/command.ts'
import type { Catalog } from '../../protocol/catalog.ts'
import { codeOf, hasCode, messageOf } from '../../protocol/errors.ts'
import type { Facts } from '../../protocol/facts.ts'
import { Name } from '../../protocol/name.ts'
import { Agent, NotJoined } from '../agent.ts'
import type { NotifyEnvironment } from '../../cli/notify.ts'
import type { ResourceTypes } from '../runs/prepare.ts'
import { stateIn } from '../kept/state.ts'

/** What an agent's commands are given beyond the common. */
export interface AgentContext extends CommandContext {
  types: ResourceTypes
  version: string
  /** By whose signature another agent is taken. */
  upgradeKey: string | undefined
  environment: NotifyEnvironment
  /** Of a daemon: JSON, on stderr. */
  openLog: () => Promise<Log>
  /** All of stdin. */
  readInput: () => Promise<string>
  /** Does here what a server does elsewhere; loaded when it is called. */
  compileHere: (asked: Masterless) => Promise<CompiledHere>
  /** What `bridge` runs; loaded when it is called. */
  loadBridge: () => Promise<BridgeProgram>
}

interface BridgeProgram {
  /** Throws where it is wrong. */
  readConfig: (path: string) => Promise<unknown>
  /** Until the signal comes. */
  runBridge: (asked: { config: string; log: Log; signal: AbortSignal; environment: NotifyEnvironment }) => Promise<void>
}

/** What a machine without a server is to be. */
export interface Masterless {
  sources: { recipes: string; roles: string; types: string }
  name: string
  roles: string[]
  facts: Facts
  /** By dotted key. */
  attributes: Record<string, unknown>
}
export type CompiledHere = { catalog: Catalog; blobs: Map<string, Buffer> } | { reason: string }

export const define = defineCommand<AgentContext>()

export const stateFlag = { state: { type: 'string' as const } }
export const stateOption = z
  .string()
  .default('/var/lib/trivet-agent')
  .describe('The folder with key, catalog, journal and reports.')
export const none = z.array(z.string()).max(0)

/** The state folder; an error that says what to do where it cannot be used. */
export function openState(dir: string) {
  try {
    return stateIn(dir)
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    throw new CommandError(`${dir} cannot be used: ${messageOf(error)}. ${hintOn(error)}`, { cause: error })
  }
}

/** The agent that lives in the state folder. */
export function openAgent(dir: string, { types, version, upgradeKey }: AgentContext, log: Log) {
  const state = openState(dir)
  try {
    return { agent: new Agent({ state, types, version, upgradeKey, log }), state }
  } catch (error) {
    if (error instanceof NotJoined) throw new CommandError(`${error.message}. First: trivet-agent join TOKEN@URL`)
    if (error instanceof CommandError || codeOf(error) === undefined) throw error
    throw new CommandError(`${messageOf(error)}. ${hintOn(error)}`, { cause: error })
  }
}

function hintOn(error: unknown) {
  if (hasCode(error, 'EACCES', 'EPERM')) return 'The agent runs as root.'
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return 'Make room there.'
  return 'See what lies there, or name another folder by --state.'
}

export function nameOfHost() {
  const name = Name.safeParse(hostname().split('.')[0]?.toLowerCase())
  if (!name.success) throw new UsageError(`the host name ${hostname()} will not do as a name; give one by --name`)
  return name.data
}
