import { CommandError } from '../cli/command.ts'

/** The server cannot start for a reason that whoever starts it can mend. */
export class StartError extends CommandError {
  override name = 'StartError'
}

/** Another process has the database. */
export class InUseError extends StartError {
  override name = 'InUseError'
}
