/** What the bridge knows of an app, whichever version of Marathon has told it. */
export interface App {
  /** `/shop/web` */
  id: string
  labels: Record<string, string>
  /** By index, as in labels and in the ports of tasks. */
  ports: AppPort[]
  checks: AppCheck[]
  /** How many tasks it is to have. */
  instances: number
  tasks: Task[]
}

interface AppPort {
  /** 0 where there is none. */
  servicePort: number
  /** `tcp`, `udp`, `udp,tcp` */
  protocol: string
  /** Where the task has an address of its own. */
  containerPort?: number | undefined
}

interface AppCheck {
  protocol: string
  path?: string | undefined
  portIndex?: number | undefined
  timeoutSeconds: number
}

export interface Task {
  id: string
  /** As the agent calls itself: a name or an address. */
  host: string
  /** Its own address, where it is on a network of its own. */
  address?: string | undefined
  ports: number[]
  state: TaskState
  /** What its checks say; undefined where there is no result. */
  alive: boolean | undefined
}

/** An unreachable one is served on for as long as it answers HAProxy's own checks: its host may be cut from the masters alone. */
export type TaskState = 'running' | 'unreachable' | 'other'

/** What an operator is to know: of one app, or of all. */
export interface Complaint {
  app: string
  text: string
  /** Dropped is what is not served because of it. */
  effect: 'app dropped' | 'port dropped' | 'task dropped' | 'ignored'
}
