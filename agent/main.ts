import { text } from 'node:stream/consumers'
import { endWithOutput } from '../cli/lost-output.ts'
import { makeOutput } from '../cli/output.ts'
import { runProgram } from '../cli/program.ts'
import { messageOf } from '../protocol/errors.ts'
import { armFault } from '../resources/fault-points.ts'
import { resourceTypes } from '../resources/index.ts'
import { built } from './built.ts'
import { agentCommands } from './commands/index.ts'

/** `trivet-agent`: makes one machine as its catalog says. */
const name = 'trivet-agent'
const abort = new AbortController()
let heard = false

function interrupted() {
  if (!heard) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())
  }
  heard = true
  return abort.signal
}

/** For tests alone: where this process is to die, or to fail. */
function arm(fault: string) {
  try {
    armFault(fault)
    return true
  } catch (error) {
    console.error(`${name}: TRIVET_FAULT=${messageOf(error)}`)
    return false
  }
}

async function main() {
  const { TRIVET_FAULT: fault } = process.env
  if (fault !== undefined && !arm(fault)) {
    process.exitCode = 2
    return
  }
  endWithOutput(name, process.stdout, process.stderr, (code) => process.exit(code))
  process.exitCode = await runProgram(
    {
      name,
      version: built.version,
      summary: 'Keeps this machine as its roles say.',
      commands: agentCommands,
    },
    process.argv.slice(2),
    {
      output: makeOutput(process.stdout, process.stderr),
      interrupted,
      types: resourceTypes,
      version: built.version,
      upgradeKey: built.upgradeKey,
      environment: process.env,
      openLog: async () => (await import('../cli/log.ts')).openLog(process.stderr),
      readInput: () => text(process.stdin),
      loadBridge: () => import('../bridge/main.ts'),
      compileHere: async (asked) => (await import('./masterless/main.ts')).compileHere(asked),
    },
  )
}

// An error that is our own fault ends the process with its stack, as Node.js does by itself.
void main()
