import { z } from 'zod'
import type { LabNode } from '../node.ts'
import { until } from '../run.ts'

const State = z.object({ activated_slaves: z.number(), leader: z.string() })

/** Waits until the leading master of Mesos counts so many active slaves; gives the number. */
export async function proveSlaves(masters: LabNode[], count: number, timeoutMs = 60_000) {
  let seen = 'no answer'
  return until(
    () => `${count} active slaves; the masters say: ${seen}`,
    async () => {
      // Whoever does not lead sends us on; its address may be one that only nodes reach, so each is asked by itself.
      const states = await Promise.all(masters.map(({ address }) => readJson(`http://${address}:5050/state`)))
      const found = states.flatMap((state) => State.safeParse(state).data ?? [])
      seen = found.map(({ activated_slaves: active, leader }) => `${leader} has ${active}`).join(', ') || 'no leader'
      return found.some(({ activated_slaves: active }) => active === count) && count
    },
    timeoutMs,
  )
}

/** Waits until the app answers on every node; gives how many those are. */
export async function proveApp(nodes: LabNode[], port: number, timeoutMs = 60_000) {
  let silent: string[] = []
  return until(
    () => `the app to answer on port ${port} of ${silent.join(', ')}`,
    async () => {
      const answers = await Promise.all(nodes.map(({ address }) => readText(`http://${address}:${port}/`)))
      silent = nodes.filter((_, index) => answers[index] === undefined).map(({ name }) => name)
      return silent.length === 0 && nodes.length
    },
    timeoutMs,
  )
}

/** Undefined where nobody answers, or with something else than 200: it is asked again until a deadline. */
export async function readText(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(3000) })
    return response.status === 200 ? await response.text() : undefined
  } catch {
    return undefined
  }
}

async function readJson(url: string): Promise<unknown> {
  const text = await readText(url)
  return text === undefined ? undefined : JSON.parse(text)
}
