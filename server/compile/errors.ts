/** Recipes and their inputs that do not make a catalog. The message tells the author where and what to mend. */
export class CompileError extends Error {
  override name = 'CompileError'
}

/** A recipe needs more nodes than there are. */
export class Pending extends Error {
  override name = 'Pending'
}
