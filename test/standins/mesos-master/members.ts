import type { Channel } from '../shared/channel.ts'
import type { AgentInfo, FrameworkInfo, Status, Task, TaskState, ToAgent, ToFramework } from '../shared/protocol.ts'

export interface Agent {
  id: string
  info: AgentInfo
  version: string
  channel: Channel | undefined
  /** Known from the registry alone, until it registers again. */
  recovered: boolean
  registeredAt: number
  reregisteredAt?: number
  missed: number
  hasAnswered: boolean
}

export interface Framework {
  info: FrameworkInfo & { id: string }
  channel: Channel | undefined
  registeredAt: number
  reregisteredAt?: number
  unregisteredAt?: number
  /** Only its tasks are known, from agents, since this master leads. */
  recovered: boolean
  completed: Task[]
  expiry?: NodeJS.Timeout
}

/** Seconds since the epoch, as Mesos shows time. */
export const now = () => Date.now() / 1000

export function tell(channel: Channel, message: ToAgent | ToFramework) {
  channel.say(message)
}

export function agentOf(id: string, info: AgentInfo, recovered: boolean): Agent {
  return {
    id,
    info,
    version: '1.11.0',
    channel: undefined,
    recovered,
    registeredAt: now(),
    missed: 0,
    hasAnswered: true,
  }
}

export function statusOf({ taskId, agentId }: Task, state: TaskState, message: string): Status {
  return { taskId, agentId, state, message, at: now() }
}

export function recoveredFramework({ frameworkId: id, user }: Task): Framework {
  const info = { id, name: '', user, hostname: '', webuiUrl: '', checkpoint: true, failoverMs: 0, role: '*' }
  return { info, channel: undefined, registeredAt: now(), recovered: true, completed: [] }
}
