import { z } from 'zod'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { Context } from '../context.ts'
import { followFleet } from '../follow-fleet.ts'
import { command } from '../options.ts'
import { resultOf, tallyOfStates } from '../order-text.ts'
import { paintWord } from '../paint.ts'
import { countsText, notedSubject } from '../run-text.ts'

export const events = command({
  usage: 'events [--jsonl]',
  summary: 'Follow what happens in the fleet: nodes, runs, orders and what runs do just now.',
  details: 'It goes on until Ctrl-C; after a lost connection it goes on where it was.',
  flags: { jsonl: { type: 'boolean' } },
  options: z.object({ jsonl: z.boolean().default(false).describe("The API's JSON on stdout, one event a line.") }),

  async run({ jsonl }, context) {
    const client = await context.api()
    for await (const event of followFleet(client, context.interrupted(), context)) {
      if (jsonl) context.output.line(JSON.stringify(event))
      else for (const line of linesOf(event, context)) context.output.line(line)
    }
  },
})

function linesOf(event: FeedEvent, { paint }: Context): string[] {
  if (event.type === 'node') {
    const { name, state, reason, connected } = event.node
    return [
      `${name}: is ${paintWord(paint, state)}${connected ? '' : ', offline'}${reason === null ? '' : `: ${reason}`}`,
    ]
  }
  if (event.type === 'run') {
    const { node, id, mode, outcome, counts } = event.run
    return [`${node}: ${mode} ${id.slice(0, 8)} ${paintWord(paint, outcome)}: ${countsText(counts)}`]
  }
  if (event.type === 'order')
    return [`order ${event.order.id}: ${event.order.mode} by ${event.order.author}: ${tallyOfStates(event.order)}`]
  if (event.type === 'target') {
    const { target, order } = event
    const result = resultOf(target)
    return [`${target.node}: order ${order} ${paintWord(paint, target.state)}${result ? `: ${result}` : ''}`]
  }
  if (event.type === 'reset') return []
  const noted = event.events.filter(({ outcome }) => outcome !== 'unchanged')
  return noted.map((one) => `${event.node}: ${paintWord(paint, one.outcome)} ${notedSubject(one, paint)}`)
}
