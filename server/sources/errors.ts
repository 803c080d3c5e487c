/** Recipes or roles that cannot be loaded. Each error: `roles/web.ts:3:7: what is wrong, what to do`. */
export class SourceError extends Error {
  override name = 'SourceError'
  readonly errors: string[]

  constructor(errors: string[]) {
    super(errors.join('\n'))
    this.errors = errors
  }
}
