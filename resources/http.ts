import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import type { Change } from '../protocol/events.ts'
import { defineResource } from './define.ts'
import { type Host, Unforeseeable } from './host.ts'
import { type Answer, ask, askingOf, saidBy, sending, shownUrl, Url, urlProblem, webProps } from './web/http-client.ts'
import { JsonObject, lackingOf } from './web/json-subset.ts'
import { NotNow, unanswered, until, whyUnanswered, withinFromNow } from './web/not-now.ts'

const tryMs = 10_000
const gone = [404, 410]

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether it is to be there; else it is deleted.'),
  want: JsonObject.optional().describe(
    'What it must say: keys that are not named may say anything, a list must have just these elements, null may be missing.',
  ),
  method: z.enum(['PUT', 'POST', 'PATCH']).default('PUT').describe('How it is changed.'),
  send: JsonObject.optional().describe('What is sent to change it. Left out, what is wanted.'),
  sendTo: Url.optional().describe('Where that is sent, if not to where it is asked for.'),
  status: z
    .array(z.int().min(200).max(299))
    .min(1)
    .default([200, 201, 202, 204])
    .describe('The answers that mean that it was changed.'),
  withinMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(30_000)
    .describe('How long to wait, before a change, for a server that does not answer yet.'),
  ...webProps,
})
type Want = z.infer<typeof Props>

export const http = defineResource({
  type: 'http',
  summary:
    'A resource of some JSON API: it is asked for at the URL that is the name, and changed when it does not say what is wanted. Say `sensitive` when that holds secrets.',
  example: `http('http://127.0.0.1:9200/_cluster/settings', {
  want: { persistent: { 'indices.recovery.max_bytes_per_sec': '50mb' } },
})`,
  name: Url,
  seesWhatRuns: true,
  props: Props,
  problem: problemOf,
  check: (url, want, host) => look(url, want, host),

  async apply(url, want, host) {
    const changes = await lookUntilAnswered(url, want, host)
    if (changes.length === 0) return
    const absent = want.ensure === 'absent'
    const body = absent ? undefined : JSON.stringify(want.send ?? want.want)
    const to = want.sendTo ?? url
    const method = absent ? 'DELETE' : want.method
    const answer = await ask(to, sending(body, { ...askingOf(want, host), method }))
    if ((absent ? [...want.status, ...gone] : want.status).includes(answer.status)) return
    throw new Error(`${method} ${shownUrl(to)} was answered with ${saidBy(answer)}`)
  },

  effects(url, _want, _foreseen, changes) {
    const why = whyUnanswered(changes)
    if (why !== undefined) throw new Unforeseeable(`${shownUrl(url)} does not say how it is: ${why}`)
  },
})

function problemOf(url: string, { ensure, want, sendTo, insecure }: Want) {
  if (ensure === 'present' && !want) return 'must say what it wants: `want`.'
  return urlProblem(url, insecure) ?? (sendTo === undefined ? undefined : urlProblem(sendTo, insecure))
}

async function look(url: string, want: Want, host: Host): Promise<Change[]> {
  const to = want.ensure === 'absent' ? 'absent' : 'present'
  try {
    const { headers, ...asking } = askingOf(want, host)
    const answer = await ask(url, { ...asking, headers: { accept: 'application/json', ...headers } }, tryMs)
    if (gone.includes(answer.status)) return to === 'absent' ? [] : [{ what: 'ensure', from: 'absent', to }]
    if (answer.status !== 200) return unanswered(saidBy(answer))
    return to === 'absent' ? [{ what: 'ensure', from: 'present', to }] : lackingOf(bodyOf(answer), want.want)
  } catch (error) {
    return unanswered(messageOf(error))
  }
}

function bodyOf({ text }: Answer): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`It answers with what is no JSON: ${text.slice(0, 200)}`, { cause: error })
  }
}

async function lookUntilAnswered(url: string, want: Want, host: Host) {
  return until(`${shownUrl(url)} to say how it is`, withinFromNow(want.withinMs), async () => {
    const changes = await look(url, want, host)
    const why = whyUnanswered(changes)
    if (why !== undefined) throw new NotNow(why)
    return changes
  })
}
