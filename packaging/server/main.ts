import { parseArgs } from 'node:util'
import { CommandError } from '../../cli/command.ts'
import { buildServer } from './build.ts'

/** `npm run build:server [-- --to DIR] [--agents DIR]`: the server as it is installed, with the agents that it hands out where they are built. */
const { values } = parseArgs({
  options: {
    to: { type: 'string', default: 'dist/server' },
    agents: { type: 'string', default: 'dist/agent' },
  },
})

try {
  await buildServer({ ...values, env: process.env, note: (line) => console.error(line) })
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`build:server: ${error.message}`)
  process.exitCode = 1
}
