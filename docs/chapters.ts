import { agentCommands } from '../agent/commands/index.ts'
import { commands } from '../cli/commands/index.ts'
import type { Chapter } from '../cli/reference.ts'
import { labCommands } from '../lab/commands.ts'
import { launchCommands } from '../launcher/commands/index.ts'
import { serverCommands } from '../server/main.ts'

/** All commands of both programs. */
export const chapters: Chapter[] = [
  {
    title: 'For operators',
    intro: 'They talk to the server that `trivet login` named.',
    program: 'trivet',
    commands,
  },
  { title: 'The server', intro: 'On the machine that serves.', program: 'trivet', commands: serverCommands },
  { title: 'The lab', intro: 'Real nodes on the machine at hand.', program: 'trivet', commands: labCommands },
  { title: 'The launcher', intro: 'Machines of a cloud, or of a lab.', program: 'trivet', commands: launchCommands },
  { title: 'The agent', intro: 'On each node.', program: 'trivet-agent', commands: agentCommands },
]
