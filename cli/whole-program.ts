import type { Declared } from './help.ts'

/** What manual and completions tell of a program. */
export interface WholeProgram {
  name: string
  version: string
  summary: string
  commands: Declared[]
}
