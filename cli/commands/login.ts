import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { fetchCa, PinError } from '../../protocol/pin.ts'
import { formatToken, parseInvitation } from '../../protocol/token.ts'
import { CommandError, UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { readUsable, usualContext, writeLogin } from '../login-file.ts'
import { command } from '../options.ts'

export const login = command({
  usage: 'login TOKEN@URL',
  summary: 'Log in to a server; it prints TOKEN@URL when it first starts.',
  details:
    "The token carries the hash of the server's CA: nothing is sent to a server that is not the right one.\n" +
    'With - the line is read from stdin, so that it is not in the list of processes: trivet login - < file\n' +
    'The login is kept in $XDG_CONFIG_HOME/trivet/config.json, or where TRIVET_CONFIG says.\n' +
    'With --context NAME it is one of several servers, and from now on the one that is asked; see trivet context list. Without, it does not take the place of a login to another.',
  options: z.object({ operands: z.tuple([z.string()]) }),

  async run({ operands: [given] }, context) {
    // The whole line that the server prints will do.
    const line = given === '-' ? await context.readInput() : given
    const invitation = parseInvitation(line.trim().split(/\s+/).at(-1) ?? '')
    if (!invitation) {
      throw new UsageError(
        'That is not TOKEN@URL, such as abcd1234.….…@https://trivet.example:7070. Was all of it copied?',
      )
    }
    const { token, url } = invitation
    await requireRoom(context, url)
    const made = { url, ca: await pinned(url, token.ca), token: formatToken(token) }
    const who = await context.apiOf(made).call(api.whoami, {})
    await writeLogin(context.loginPath, made, context.contextName)
    const next = context.contextName ? ` From now on trivet talks to it (${context.contextName}).` : ''
    context.output.note(`Logged in to ${url} as ${who.name} (${who.access}).${next}`)
  },
})

/** A login to one server must not take the place of one to another unless it is told to. */
async function requireRoom({ loginPath, contextName }: Context, url: string) {
  if (contextName !== undefined) return
  const there = (await readUsable(loginPath))[usualContext]
  if (!there || there.url === url) return
  throw new CommandError(
    `you are logged in to ${there.url}. To keep that too: trivet login TOKEN@URL --context NAME. To give it up first: trivet context delete ${usualContext}`,
  )
}

async function pinned(url: string, sha256: string) {
  try {
    return await fetchCa(url, sha256)
  } catch (error) {
    throw error instanceof PinError ? new CommandError(error.message, { cause: error }) : error
  }
}
