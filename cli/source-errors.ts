import type { Output } from './command.ts'

/** Says on stderr when what operators see on disk is not what the nodes get. */
export function noteSourceErrors(errors: string[], output: Output) {
  if (errors.length === 0) return
  output.note("Recipes or roles on the server's disk do not load; what was in force before stays so:")
  for (const error of errors) output.note(`  ${error}`)
}
