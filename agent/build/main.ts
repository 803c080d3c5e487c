import { rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { CommandError } from '../../cli/command.ts'
import { buildPackages } from './packages.ts'
import { platforms } from '../../packaging/platform.ts'
import { makeSigningKey, readSigningKey } from './signing.ts'

/**
 * `npm run build:agent [-- --platform P]... [--to DIR] [--signing-key FILE]`: the agent as it is installed, and what it is handed out as.
 * `npm run build:agent -- --new-signing-key FILE` makes the key, and nothing else.
 */
const { values } = parseArgs({
  options: {
    platform: { type: 'string', multiple: true, default: platforms },
    to: { type: 'string', default: 'dist/agent' },
    'signing-key': { type: 'string' },
    'new-signing-key': { type: 'string' },
  },
})

async function build() {
  const { to, 'signing-key': keyPath } = values
  const wanted = values.platform.map((named) => {
    const platform = platforms.find((known) => known === named)
    if (!platform) throw new CommandError(`the agent is built for ${platforms.join(' and ')}, not for ${named}`)
    return platform
  })
  const key = keyPath === undefined ? undefined : await readSigningKey(keyPath)
  await rm(to, { recursive: true, force: true })
  await buildPackages(to, { platforms: wanted, key, note: (line) => console.error(line) })
  if (!key) console.error('Not signed: agents of this build take no upgrade. Give it a key by --signing-key FILE.')
}

try {
  if (values['new-signing-key'] === undefined) await build()
  else await makeSigningKey(values['new-signing-key'])
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`build:agent: ${error.message}`)
  process.exitCode = 1
}
