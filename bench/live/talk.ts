import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { send } from '../../cli/connection.ts'
import type { Login } from '../../cli/login-file.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { Speaker } from './speakers.ts'

/** How much is told, and how. */
export interface Talk {
  name: string
  agents: number
  readers: number
  /** In each, all agents tell of one event at once. */
  rounds: number
  pauseMs: number
  /** A round begins when all have read the one before: what is too much for a moment is not heaped up. */
  inTurn: boolean
}

/** Rounds that are further apart than the agent waits for more events. */
const apart = { pauseMs: 120, inTurn: true }
/** And a run that changes a hundred things a second. */
const dense = { name: '1 all the time, 1 reads', agents: 1, readers: 1, rounds: 500, pauseMs: 10, inTurn: false }
const roundsOf: [agents: number, rounds: number][] = [
  [1, 300],
  [100, 10],
  [1000, 5],
]

export const talks: Talk[] = [
  dense,
  ...roundsOf.flatMap(([agents, rounds]) =>
    [1, 50].map((readers) => ({ name: `${agents} at once, ${readers} read`, agents, readers, rounds, ...apart })),
  ),
]

const mark = /\/live\/(\d+)\/(\d+)\]/g
const patienceMs = 60_000

/** Lets the speakers talk; gives the ms from each event until each reader has the first bytes with it. */
export async function timesOf(
  { readers, rounds, pauseMs, inTurn }: Talk,
  speakers: Speaker[],
  login: Login,
): Promise<number[]> {
  const told = new Map<string, number>()
  const ms: number[] = []
  const streams = await Promise.all(
    Array.from({ length: readers }, () =>
      read(login, (marked) => ms.push(performance.now() - (told.get(marked) ?? Number.NaN))),
    ),
  )
  const allHeard = async () => {
    const until = performance.now() + patienceMs
    while (ms.length < told.size * readers) {
      if (performance.now() > until) throw new Error(`${told.size * readers - ms.length} events were not heard`)
      await delay(2)
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, speaker] of speakers.entries()) {
      told.set(`${index}/${round}`, performance.now())
      speaker.tell(eventOf(index, round))
    }
    await delay(pauseMs)
    if (inTurn) await allHeard()
  }
  await allHeard()
  for (const stream of streams) stream.destroy()
  return ms
}

/** Says each event that it hears of, once. */
async function read(login: Login, heard: (marked: string) => void): Promise<IncomingMessage> {
  const response = await send(login, { method: 'GET', path: '/api/events', idleMs: patienceMs })
  if (response.statusCode !== 200) throw new Error(`the events were answered by ${response.statusCode}`)
  let rest = ''
  response.on('data', (bytes: Buffer) => {
    const text = rest + bytes.toString('latin1')
    let end = 0
    for (const found of text.matchAll(mark)) {
      heard(`${found[1]}/${found[2]}`)
      end = found.index + found[0].length
    }
    rest = text.slice(Math.max(end, text.length - 100))
  })
  return response
}

function eventOf(agent: number, round: number): ResourceEvent {
  const diff = `@@ -1,3 +1,3 @@\n # written by the recipe site\n-port = ${agent}\n+port = ${round}\n level = info\n`
  return {
    outcome: 'changed',
    id: `file[/live/${agent}/${round}]`,
    recipe: 'site',
    durationMs: 3,
    changes: [{ what: 'content', from: 'sha256 one', to: 'sha256 other', diff }],
    cause: 'intended',
  }
}
