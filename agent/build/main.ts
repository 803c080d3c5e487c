import { rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { CommandError } from '../../cli/command.ts'
import { buildPackages } from './packages.ts'
import { platforms } from '../../packaging/platform.ts'

/** `npm run build:agent [-- --platform P]... [--to DIR]`: the agent as it is installed, and what it is handed out as. */
const { values } = parseArgs({
  options: {
    platform: { type: 'string', multiple: true, default: platforms },
    to: { type: 'string', default: 'dist/agent' },
  },
})

try {
  const wanted = values.platform.map((named) => {
    const platform = platforms.find((known) => known === named)
    if (!platform) throw new CommandError(`the agent is built for ${platforms.join(' and ')}, not for ${named}`)
    return platform
  })
  await rm(values.to, { recursive: true, force: true })
  await buildPackages(values.to, wanted, (line) => console.error(line))
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`build:agent: ${error.message}`)
  process.exitCode = 1
}
