import { Failure } from './client.ts'
import { asFailure } from './use-call.ts'

/** A browser has six connections for one server, and one of them is the feed's. */
const atATime = 4

/** Does it on each, some at a time. When it fails for some, the others are done all the same; then it throws. */
export async function onEach(names: string[], work: (name: string) => Promise<unknown>) {
  const failures: string[] = []
  const queue = names.values()
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (const name of queue) await work(name).catch((error) => failures.push(`${name}: ${asFailure(error).message}`))
    }),
  )
  const [first] = failures
  if (first === undefined) return
  throw new Failure(
    failures.length === 1 ? first : `${failures.length} of ${names.length} failed. ${first}`,
    'some-failed',
  )
}
