import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { hasCode } from '../protocol/errors.ts'
import packageJson from '../package.json' with { type: 'json' }
import { makeClient } from './api-client.ts'
import type { Command } from './command.ts'
import { commands } from './commands/index.ts'
import type { Context } from './context.ts'
import { readLogin } from './login-file.ts'
import { endWithOutput } from './lost-output.ts'
import { makeOutput } from './output.ts'
import { coloured, plain } from './paint.ts'
import { runProgram, wholeOf, type Program } from './program.ts'
import { makeScreen } from './screen.ts'
import { takeContext } from './take-context.ts'

const { env, stdin, stdout, stderr } = process
// What AWS's library says to those who write programs is nothing for those who use them.
env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

const program: Program<Context> = {
  name: 'trivet',
  version: packageJson.version,
  summary: 'Keeps machines as their roles say.',
  commands,
  more: '--context NAME asks the server of another context (trivet context list), with any verb.',
  parts: [
    {
      word: 'server',
      summary: 'Run the server, or set one up.',
      load: async (): Promise<Command<Context>[]> => (await import('../server/main.ts')).serverCommands,
    },
    {
      word: 'lab',
      summary: 'Real nodes on this machine, to try things out.',
      load: async (): Promise<Command<Context>[]> => (await import('../lab/commands.ts')).labCommands,
    },
    {
      word: 'launch',
      summary: 'Make the machines of a cluster, on EC2 or in a lab.',
      load: async () => (await import('../launcher/commands/index.ts')).launchCommands,
    },
  ],
}

function makeContext(contextName: string | undefined): Context {
  const loginPath = env['TRIVET_CONFIG'] || join(configFolder(), 'trivet', 'config.json')
  const paintFor = (stream: { isTTY?: boolean }) => (stream.isTTY && !env['NO_COLOR'] ? coloured : plain)
  return {
    output: makeOutput(stdout, stderr),
    api: async (options) => makeClient(await readLogin(loginPath, contextName), options),
    program: () => wholeOf(program),
    apiOf: (login) => makeClient(login),
    loginPath,
    stateFolder: join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'trivet'),
    contextName,
    paint: paintFor(stdout),
    stdoutIsTerminal: stdout.isTTY,
    screen: ({ quiet }) => {
      const live = stderr.isTTY && env['TERM'] !== 'dumb' && !env['NO_COLOR'] && !quiet
      return makeScreen(stderr, { live, paint: paintFor(stderr) })
    },
    now: Date.now,
    readInput: () => text(stdin),
    confirm,
    interrupted,
  }
}

async function confirm(question: string) {
  if (!stdin.isTTY) return undefined
  const asking = createInterface({ input: stdin, output: stderr })
  try {
    const left = new AbortController()
    asking.once('SIGINT', () => left.abort()).once('close', () => left.abort())
    const answer = await asking.question(`${question} [y/N] `, left)
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    if (!hasCode(error, 'ABORT_ERR')) throw error
    stderr.write('\n')
    return false
  } finally {
    asking.close()
  }
}

function interrupted() {
  const controller = new AbortController()
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => (controller.signal.aborted ? process.exit(code) : controller.abort()))
  }
  return controller.signal
}

function configFolder() {
  return env['XDG_CONFIG_HOME'] || join(homedir(), '.config')
}

endWithOutput(program.name, stdout, stderr, (code) => process.exit(code))

const { args, context: asked } = takeContext(process.argv.slice(2))
process.exitCode = await runProgram(program, args, makeContext(asked ?? (env['TRIVET_CONTEXT'] || undefined)))
