import { rm } from 'node:fs/promises'
import { CommandError } from '../../cli/command.ts'
import { platforms } from '../../packaging/platform.ts'
import { runScript } from '../../packaging/script.ts'
import { buildPackages } from './packages.ts'
import { makeSigningKey, readSigningKey } from './signing.ts'

const note = (line: string) => console.error(line)
const line = (text: string) => console.log(text)

const usage = `[--platform PLATFORM]... [--to DIR] [--signing-key FILE]
       npm run build:agent -- --new-signing-key FILE

Makes the agent as it is installed, and what a server hands it out as: a tarball, a .deb, and SHA256SUMS of all.
Its version is that of package.json.

  --platform PLATFORM     For ${platforms.join(' or ')}; may be said again. For each if not said.
  --to DIR                Where it is laid, in place of all that is there; dist/agent if not said.
  --signing-key FILE      Signs it, and has it take upgrades that are signed by the same key. Without, it takes none.
  --new-signing-key FILE  Makes such a key, and nothing else.
  -h, --help              Says this.`

async function build(to: string, wanted: string[], keyPath: string | undefined) {
  const known = wanted.map((named) => {
    const platform = platforms.find((one) => one === named)
    if (!platform) throw new CommandError(`the agent is built for ${platforms.join(' and ')}, not for ${named}`)
    return platform
  })
  const key = keyPath === undefined ? undefined : await readSigningKey(keyPath)
  await rm(to, { recursive: true, force: true })
  await buildPackages(to, { platforms: known, key, note })
  if (!key) note('Not signed: agents of this build take no upgrade. Give it a key by --signing-key FILE.')
}

async function makeKey(path: string) {
  await makeSigningKey(path)
  note(
    `${path} holds a new key, readable by you alone: keep a copy, and not on the server. Next, for each build: npm run build:agent -- --signing-key ${path}`,
  )
}

process.exitCode = await runScript(
  {
    name: 'build:agent',
    usage,
    flags: {
      platform: { type: 'string', multiple: true, default: platforms },
      to: { type: 'string', default: 'dist/agent' },
      'signing-key': { type: 'string' },
      'new-signing-key': { type: 'string' },
    },
    run: async ({ platform, to, 'signing-key': key, 'new-signing-key': newKey }) =>
      newKey === undefined ? build(to, platform, key) : makeKey(newKey),
  },
  process.argv.slice(2),
  { line, note },
)
