import { z } from 'zod'
import { CommandError, UsageError } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import { Name } from '../../protocol/name.ts'
import { parseInvitation } from '../../protocol/token.ts'
import { define, nameOfHost, openState, stateFlag, stateOption } from './common.ts'

export const join = define({
  usage: 'join TOKEN@URL [--name NAME] [--state DIR]',
  summary: 'Join a server: make this node a key, enrol it, believe that server alone.',
  details:
    'TOKEN@URL is what `trivet token create` prints; `-` reads that line from stdin, so that the token is not in the list of processes.',
  flags: { name: { type: 'string' }, ...stateFlag },
  options: z.object({
    operands: z.tuple([z.string()]),
    name: Name.optional().describe('What the node shall be called; by default its host name.'),
    state: stateOption,
  }),
  async run({ operands: [given], name = nameOfHost(), state: dir }, { output, readInput }) {
    const text = given === '-' ? await readInput() : given
    // The whole line that `trivet token create` prints will do.
    const invitation = parseInvitation(text.trim().split(/\s+/).at(-1) ?? '')
    if (!invitation) throw new UsageError('That is no TOKEN@URL as `trivet token create` prints it.')
    const state = openState(dir)
    const identity = state.readIdentity()
    if (identity) {
      throw new CommandError(
        `this node has joined ${identity.url} as ${identity.node} already. To join anew, stop the agent and remove ${dir} first.`,
      )
    }
    const { enrol } = await import('../link/enrol.ts')
    try {
      output.line(`joined ${invitation.url} as ${await enrol(state, invitation, name)}`)
    } catch (error) {
      throw new CommandError(messageOf(error), { cause: error })
    }
    output.note('Next: systemctl enable --now trivet-agent')
  },
})
