export function asError(thrown: unknown) {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** Whether it is a system error with one of these codes: `ENOENT`. */
export function hasCode(thrown: unknown, ...codes: string[]) {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
}

/** For `catch` of what an AbortSignal ends: that is no failure. */
export function unlessAborted(error: unknown) {
  if (asError(error).name !== 'AbortError') throw error
}
