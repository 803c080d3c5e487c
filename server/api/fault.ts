/** What the API refuses, with the HTTP status and a code that stays the same for programs. */
export class ApiFault extends Error {
  override name = 'ApiFault'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}
