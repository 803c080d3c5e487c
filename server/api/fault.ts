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
}
