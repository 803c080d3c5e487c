import { CommandError } from '../cli/command.ts'

/** The server cannot start for a reason that whoever starts it can mend. */
export class StartError extends CommandError {
  override name = 'StartError'
}
