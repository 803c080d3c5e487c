import type { z } from 'zod'
import type { AttestedEnrolment, Enrolled } from '../../protocol/enrolment.ts'
import { enrolAttested } from './attest.ts'
import type { Cloud } from './cloud.ts'
import { type GoneParts, watchGone } from './gone.ts'
import type { AttestSettings } from './settings.ts'

/** Instances of EC2 that become nodes by their identity document, and cease to be when they are terminated. */
export interface Attesting {
  settings: AttestSettings
  /** `from` is the address that asks. */
  enrol(asked: z.infer<typeof AttestedEnrolment>, from: string): Promise<z.infer<typeof Enrolled>>
  /** Looks at the instances of all nodes, now. */
  look(): Promise<void>
  begin(): void
  close(): Promise<void>
}

export function createAttesting(
  parts: Omit<GoneParts, 'settings' | 'cloud'>,
  settings: AttestSettings,
  cloud: Cloud,
): Attesting {
  const all = { ...parts, settings, cloud }
  const { look, begin, close } = watchGone(all)
  return { settings, enrol: (asked, from) => enrolAttested(all, asked, from), look, begin, close }
}
