export function asError(thrown: unknown) {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** For `catch` of what an AbortSignal ends: that is no failure. */
export function unlessAborted(error: unknown) {
  if (asError(error).name !== 'AbortError') throw error
}
