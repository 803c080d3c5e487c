import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until there is an answer, and gives it; after 5 s it fails with what was awaited. */
export async function until<Answer>(
  awaited: string,
  ask: () => Answer | undefined | false | Promise<Answer | undefined | false>,
): Promise<Answer> {
  const deadline = Date.now() + 5000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    assert(Date.now() < deadline, `not within 5 s: ${awaited}`)
    await sleep(10)
  }
}
