import { z } from 'zod'

/** A command and its arguments, given to the kernel as they are: no shell reads them. */
export const Argv = z.array(z.string()).nonempty()
export type Argv = z.infer<typeof Argv>
