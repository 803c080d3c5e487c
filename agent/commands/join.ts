import { z } from 'zod'
import { CommandError, UsageError } from '../../cli/command.ts'
import { messageOf } from '../../protocol/errors.ts'
import { Name } from '../../protocol/name.ts'
import { parseAttestedInvitation, parseInvitation } from '../../protocol/token.ts'
import type { State } from '../kept/state.ts'
import { define, nameOfHost, openState, stateFlag, stateOption } from './common.ts'

/** EC2 may take so long until it shows a new instance to the server. */
const patienceMs = 120_000

export const join = define({
  usage: 'join TOKEN@URL [--name NAME] [--metadata-service URL] [--state DIR]',
  summary: 'Join a server: make this node a key, enrol it, believe that server alone.',
  details: `TOKEN@URL is what \`trivet token create\` prints; \`-\` reads that line from stdin, so that the token is not in the list of processes.
\`ec2.HASH@URL\`, as \`trivet token attested\` prints it, is no secret: an instance of EC2 joins by the identity document that AWS has signed for it, and
is called as it is tagged.`,
  flags: { name: { type: 'string' }, 'metadata-service': { type: 'string' }, ...stateFlag },
  options: z.object({
    operands: z.tuple([z.string()]),
    name: Name.optional().describe(
      'What the node shall be called; by default its host name. Of an instance: what it must be tagged as.',
    ),
    'metadata-service': z
      .url({ protocol: /^http$/ })
      .optional()
      .describe('Where an instance finds its identity document; http://169.254.169.254 if not said.'),
    state: stateOption,
  }),
  async run({ operands: [given], name, 'metadata-service': service, state: dir }, { output, readInput }) {
    const text = given === '-' ? await readInput() : given
    // The whole line that `trivet token create` prints will do.
    const line = text.trim().split(/\s+/).at(-1) ?? ''
    const joining = byToken(line, name) ?? byWhatItIs(line, name, service)
    if (!joining) throw new UsageError('That is no TOKEN@URL as `trivet token create` prints it.')
    const state = openState(dir)
    const identity = state.readIdentity()
    if (identity) {
      throw new CommandError(
        `this node has joined ${identity.url} as ${identity.node} already. To join anew, stop the agent and remove ${dir} first.`,
      )
    }
    try {
      output.line(`joined ${joining.url} as ${await joining.enrolIn(state)}`)
    } catch (error) {
      throw new CommandError(messageOf(error), { cause: error })
    }
    output.note('Next: systemctl enable --now trivet-agent')
  },
})

function byToken(line: string, name: string | undefined) {
  const invitation = parseInvitation(line)
  if (!invitation) return undefined
  const called = name ?? nameOfHost()
  const enrolIn = async (state: State) => (await import('../link/enrol.ts')).enrol(state, invitation, called)
  return { url: invitation.url, enrolIn }
}

function byWhatItIs(line: string, name: string | undefined, service: string | undefined) {
  const invitation = parseAttestedInvitation(line)
  if (!invitation) return undefined
  const enrolIn = async (state: State) => {
    const { enrolAttested } = await import('../link/enrol.ts')
    const { readIdentityDocument, usualMetadataService } = await import('../link/instance-metadata.ts')
    const readDocument = () => readIdentityDocument(service ?? usualMetadataService)
    return enrolAttested(state, { invitation, name, readDocument, patienceMs })
  }
  return { url: invitation.url, enrolIn }
}
