import { z } from 'zod'

/** What a node says of itself. Only what seldom changes: a fact that moves would compile the node anew each time. */
export const Facts = z.strictObject({
  hostname: z.string(),
  /** The address by which other nodes reach this one: the first of the interface with the default route. */
  address: z.string(),
  addresses: z.array(z.string()),
  os: z.strictObject({ id: z.string(), version: z.string(), codename: z.string() }),
  kernel: z.string(),
  arch: z.string(),
  cpus: z.int(),
  memoryMb: z.int(),
  /** `none` on bare metal; otherwise what systemd-detect-virt says: kvm, systemd-nspawn, … */
  virtual: z.string(),
  machineId: z.string(),
  agentVersion: z.string(),
})
export type Facts = z.infer<typeof Facts>
