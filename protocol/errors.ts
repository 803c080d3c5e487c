export function messageOf(thrown: unknown): string {
  // Connecting to a name may fail once for each of its addresses, and all of it together says nothing.
  if (thrown instanceof AggregateError) return thrown.errors.map(messageOf).join('; ')
  return thrown instanceof Error ? thrown.message : String(thrown)
}

export function asError(thrown: unknown) {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** `ENOENT`: what the system calls its error. */
export function codeOf(thrown: unknown) {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined
}

export function hasCode(thrown: unknown, ...codes: string[]) {
  return codes.includes(codeOf(thrown) ?? '')
}

/** For what may rightly not be there: gives undefined then, and throws anything else on. */
export function unlessMissing(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
}
