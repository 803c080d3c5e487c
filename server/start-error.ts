/** The server cannot start for a reason that whoever starts it can mend: shown without a stack. */
export class StartError extends Error {
  override name = 'StartError'
}
