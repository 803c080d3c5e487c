export function messageOf(thrown: unknown) {
  return thrown instanceof Error ? thrown.message : String(thrown)
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
