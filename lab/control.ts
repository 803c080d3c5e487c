import { chmod } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import { hasCode, messageOf } from '../protocol/errors.ts'
import { Name } from '../protocol/name.ts'
import type { Lab } from './lab.ts'
import { controlSocket } from './state.ts'

/** What only the process that holds a lab can do, since each node's supervisor is in it. */
const Wish = z.discriminatedUnion('verb', [
  z.strictObject({
    verb: z.literal('launch'),
    name: Name,
    labels: z.record(z.string(), z.string()),
    instance: z.string(),
    userData: z.string(),
  }),
  z.strictObject({ verb: z.literal('boot'), name: Name }),
  z.strictObject({ verb: z.literal('remove'), name: Name }),
])
export type Wish = z.infer<typeof Wish>

const Answer = z.strictObject({ error: z.string().optional() })
type Answer = z.infer<typeof Answer>

/** Does what others of this machine's root ask, one after another, over a socket in the lab's folder. */
export async function listenToOthers(lab: Lab): Promise<{ close(): Promise<void> }> {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (wish: Wish) => {
    const done = last.then(() => fulfil(lab, wish))
    last = done.catch(() => undefined) // told to who wished it
    return done
  }
  const answer = async (message: IncomingMessage): Promise<Answer> => {
    try {
      await inTurn(Wish.parse(JSON.parse(await text(message))))
      return {}
    } catch (error) {
      return { error: messageOf(error) }
    }
  }
  const server = createServer((message, response) => {
    void answer(message).then((said) => response.end(JSON.stringify(said)))
  })
  server.listen(controlSocket(lab.name))
  await once(server, 'listening')
  await chmod(controlSocket(lab.name), 0o600)
  return {
    async close() {
      server.close()
      await last
    },
  }
}

async function fulfil(lab: Lab, wish: Wish): Promise<void> {
  if (wish.verb === 'boot') return lab.bootNode(wish.name)
  if (wish.verb === 'remove') return lab.removeNode(wish.name)
  const { verb: _verb, ...launch } = wish
  await lab.launchNode(launch)
}

/** Asks the process that holds a lab, and waits until it is done. */
export async function askHolder(lab: string, wish: Wish): Promise<void> {
  const asked = request({ socketPath: controlSocket(lab), method: 'POST' })
  const answered = once(asked, 'response').catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ECONNREFUSED')) throw error
    throw new CommandError(`No process holds a detached lab ${lab}. Those that there are: trivet lab list`)
  })
  asked.end(JSON.stringify(wish))
  const [response] = z.tuple([z.custom<IncomingMessage>()]).parse(await answered)
  const { error } = Answer.parse(JSON.parse(await text(response)))
  if (error !== undefined) throw new CommandError(error)
}
