/** What EC2 itself says of an instance. */
export interface Instance {
  id: string
  account: string
  state: string
  /** ms since 1970; that of the last start, where it was stopped. */
  launchedAt: number
  addresses: string[]
  /** How long after its first network interface its root volume was attached, in ms; undefined where the root is no volume. */
  rootLateMs: number | undefined
  tags: Record<string, string>
}

/** EC2, asked by the server. */
export interface Cloud {
  /** Those of the instances that it knows; one just launched may be missing for a while. */
  find(region: string, ids: string[], signal?: AbortSignal): Promise<Instance[]>
  /** Whose instances it shows. */
  account(region: string, signal?: AbortSignal): Promise<string>
}
