import { asError } from '../../protocol/errors.ts'

/** For `catch` of what an AbortSignal ends: that is no failure. */
export function unlessAborted(error: unknown) {
  if (asError(error).name !== 'AbortError') throw error
}
