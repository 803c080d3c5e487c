import { messageOf } from '../../protocol/errors.ts'
import { must } from '../define.ts'
import type { Host } from '../host.ts'

/** Whether the command that is to verify it accepts the candidate: it rejects otherwise. */
export async function accepted(candidate: string, { verify }: { verify?: string[] | undefined }, host: Host) {
  if (!verify) return
  const argv = verify.map((word) => word.replaceAll('{}', candidate))
  await must(host, argv).catch((error: unknown) => {
    throw new Error(`The new content was refused and the old stays. ${messageOf(error)}`, { cause: error })
  })
}
