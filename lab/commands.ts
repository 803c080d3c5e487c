import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { z } from 'zod'
import { defineCommand, type Command, type CommandContext, type Output } from '../cli/command.ts'
import { detachLab } from './detach.ts'
import { upLab } from './lab.ts'
import { gatewayOf } from './network.ts'
import { enterArgv, environment } from './node.ts'
import { findLabs } from './remove.ts'
import { downLab, openNode } from './remote.ts'
import { LabName, Os, type LabState } from './state.ts'

const command = defineCommand<CommandContext>()
const json = z.boolean().default(false).describe('One JSON document on stdout.')
const jsonFlag = { json: { type: 'boolean' } } as const
const oneNode = z.object({ operands: z.tuple([z.string()]) })

const up = command({
  usage: 'lab up N [--os trixie|bookworm] [--name LAB] [--detach] [--json]',
  summary: 'Boot N real Debian nodes on this machine.',
  details: 'Stays until Ctrl-C, which takes the lab down; with --detach it lives on until `lab down`.',
  flags: { os: { type: 'string' }, name: { type: 'string' }, detach: { type: 'boolean' }, ...jsonFlag },
  options: z.object({
    operands: z.tuple([z.coerce.number().int().min(1).max(240)]),
    os: Os.default('trixie').describe(
      'The Debian release of the nodes: trixie (13) or bookworm (12); trixie if not said.',
    ),
    name: LabName.optional().describe('What the lab and its nodes are named after.'),
    detach: z.boolean().default(false).describe('Come back when the nodes are up; the lab lives on.'),
    json,
  }),

  async run({ operands: [count], os, name, detach, json: asJson }, context) {
    const { output } = context
    const note = (text: string) => output.note(text)
    if (detach) return print([await detachLab({ count, os, name }, note)], asJson, output)
    const lab = await upLab({ count, os, name, onProgress: note })
    try {
      const labs = await findLabs()
      print(
        labs.filter((each) => each.name === lab.name),
        asJson,
        output,
      )
      note(`Lab ${lab.name} is up. Ctrl-C takes it down.`)
      await untilAborted(context.interrupted())
    } finally {
      await lab.down()
    }
  },
})

const down = command({
  usage: 'lab down [LAB]',
  summary: 'Take a lab down, with all that belongs to it.',
  options: z.object({ operands: z.union([z.tuple([]), z.tuple([LabName])]) }),
  async run({ operands: [name] }, { output }) {
    output.note(`Lab ${await downLab(name)} is down.`)
  },
})

const list = command({
  usage: 'lab list [--json]',
  summary: 'List the nodes of all labs on this machine.',
  flags: jsonFlag,
  options: z.object({ json }),
  async run({ json: asJson }, { output }) {
    print(await findLabs(), asJson, output)
  },
})

const exec = command({
  usage: 'lab exec NODE -- COMMAND...',
  summary: 'Run a command on a node, as root; its exit code is ours.',
  options: z.object({ operands: z.tuple([z.string(), z.string()], z.string()) }),
  async run({ operands: [name, ...argv] }) {
    return enter(name, argv)
  },
})

const shell = command({
  usage: 'lab shell NODE',
  summary: 'Open a shell on a node.',
  options: oneNode,
  async run({ operands: [name] }) {
    return enter(name, ['bash', '-l'])
  },
})

const reboot = command({
  usage: 'lab reboot NODE',
  summary: 'Reboot a node and wait until it is up again.',
  options: oneNode,
  async run({ operands: [name] }, { output }) {
    await (await openNode(name)).node.reboot()
    output.note(`${name} is up again.`)
  },
})

/** A verb that does one thing to one node and is done with it. */
function nodeCommand(verb: 'kill' | 'cut' | 'heal' | 'freeze' | 'thaw', summary: string) {
  return command({
    usage: `lab ${verb} NODE`,
    summary,
    options: oneNode,
    async run({ operands: [name] }) {
      await (await openNode(name)).node[verb]()
    },
  })
}

export const labCommands: Command<CommandContext>[] = [
  up,
  down,
  list,
  exec,
  shell,
  reboot,
  nodeCommand('kill', 'Pull the plug of a node: nothing in it gets to say goodbye.'),
  nodeCommand('cut', 'Pull the network cable of a node.'),
  nodeCommand('heal', 'Plug the network cable of a node in again.'),
  nodeCommand('freeze', 'Stop all that runs in a node, without telling it.'),
  nodeCommand('thaw', 'Let a frozen node run on.'),
]

function print(labs: LabState[], asJson: boolean, output: Output): void {
  const shown = labs.map(({ name, os, subnet, ready, nodes }) => ({
    name,
    os,
    ready,
    gateway: gatewayOf(subnet),
    nodes: nodes.map((node) => ({ name: node.name, address: node.address })),
  }))
  if (asJson) return output.json(shown)
  const rows = shown.flatMap((lab) => lab.nodes.map((node) => ({ node: node.name, address: node.address, os: lab.os })))
  output.table(rows, 'There is no lab.')
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

// Our own terminal, so that pipes, Ctrl-C and editors work in the node.
async function enter(name: string, argv: string[]): Promise<number> {
  const { lab } = await openNode(name)
  const [program = '', ...args] = enterArgv(lab, name, argv)
  const child = spawn(program, args, { stdio: 'inherit', env: { ...environment, TERM: 'xterm-256color' } })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
