import { z } from 'zod'
import { type Code, codes } from '../../protocol/api/codes.ts'

/** What the API refuses. Its code stays the same for programs, and says the HTTP status. */
export class ApiFault extends Error {
  override name = 'ApiFault'
  readonly code: Code
  /** For programs, where the code alone does not say enough. */
  readonly details: unknown

  constructor(code: Code, message: string, details?: unknown) {
    super(message)
    this.code = code
    this.details = details
  }

  get status() {
    return codes[this.code].status
  }

  /** A fault that is over after a while says so: in ms for programs of ours, and as HTTP has it for all. */
  get headers(): Record<string, string> {
    const { success, data } = Retry.safeParse(this.details)
    return success ? { 'retry-after': String(Math.ceil(data.retryAfterMs / 1000)) } : {}
  }
}

const Retry = z.object({ retryAfterMs: z.number() })
