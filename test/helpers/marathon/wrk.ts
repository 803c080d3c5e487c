import assert from 'node:assert/strict'
import { run } from '../../../lab/run.ts'

/** Asks again and again for so long, from this machine; gives how many answers there were. Every request must have been answered well. */
export async function underLoad(url: string, seconds: number, act: () => Promise<void>): Promise<number> {
  const asking = run(['wrk', '-t1', '-c8', `-d${seconds}s`, '--timeout', '20s', url], {
    timeoutMs: (seconds + 30) * 1000,
  })
  await act()
  const { exitCode, stdout, stderr } = await asking
  assert.equal(exitCode, 0, stderr)
  assert.doesNotMatch(stdout, /Non-2xx|Socket errors/, stdout)
  return Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0)
}
