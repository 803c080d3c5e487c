/** What agents, frameworks and the master tell each other. */

export interface Resources {
  cpus: number
  mem: number
  disk: number
  gpus: number
  /** Ranges, both ends in it. */
  ports: [number, number][]
}

export interface AgentInfo {
  hostname: string
  ip: string
  port: number
  resources: Resources
  attributes: Record<string, string>
}

export type TaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_ERROR'
  | 'TASK_UNREACHABLE'
  | 'TASK_GONE'
  | 'TASK_DROPPED'
  | 'TASK_UNKNOWN'

export const isTerminal = (state: TaskState) =>
  !['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_UNREACHABLE'].includes(state)

/** What is to be run, and where. */
export interface TaskInfo {
  taskId: string
  frameworkId: string
  agentId: string
  name: string
  user: string
  /** One of them: a line for /bin/sh, or a program and what it gets. */
  cmd?: string
  args?: string[]
  image?: string
  env: Record<string, string>
  cpus: number
  mem: number
  disk: number
  gpus: number
  ports: number[]
  /** Of a Docker image on a bridge: what the container listens on, by host port. */
  published?: { hostPort: number; containerPort: number; protocol: string }[]
  killGraceMs: number
  labels: Record<string, string>
}

export interface Task extends TaskInfo {
  state: TaskState
  message: string
  /** Seconds since the epoch. */
  at: number
}

export interface Status {
  taskId: string
  agentId: string
  state: TaskState
  message: string
  at: number
}

export interface FrameworkInfo {
  id?: string
  name: string
  user: string
  hostname: string
  webuiUrl: string
  checkpoint: boolean
  failoverMs: number
  role: string
}

export type FromAgent =
  | { type: 'register'; agentId?: string; info: AgentInfo; tasks: Task[]; version: string }
  | { type: 'pong' }
  | { type: 'update'; status: Status }

export type ToAgent =
  | { type: 'registered'; agentId: string }
  | { type: 'refused'; message: string }
  | { type: 'ping' }
  | { type: 'launch'; task: TaskInfo }
  | { type: 'kill'; taskId: string }
  | { type: 'acknowledged'; taskId: string }
  | { type: 'forget' }

export type FromFramework =
  | { type: 'subscribe'; framework: FrameworkInfo }
  | { type: 'launch'; task: TaskInfo }
  | { type: 'kill'; taskId: string; agentId: string }
  | { type: 'reconcile'; tasks: { taskId: string; agentId: string }[] }

/** An agent with what of it is free. */
export interface Offer {
  agentId: string
  info: AgentInfo
  free: Resources
}

export type ToFramework =
  | { type: 'subscribed'; frameworkId: string; master: string }
  | { type: 'offers'; offers: Offer[] }
  | { type: 'update'; status: Status }
  | { type: 'error'; message: string }
