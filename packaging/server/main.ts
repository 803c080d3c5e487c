import { runScript } from '../script.ts'
import { buildServer } from './build.ts'

const note = (line: string) => console.error(line)
const line = (text: string) => console.log(text)

const usage = `[--to DIR] [--agents DIR]

Makes the server as it is installed: a .deb for this machine's platform, what is in it, and SHA256SUMS.

  --to DIR      Where it is laid; dist/server if not said.
  --agents DIR  The agents that it is to hand out, as npm run build:agent made them; dist/agent if not said.
  -h, --help    Says this.`

process.exitCode = await runScript(
  {
    name: 'build:server',
    usage,
    flags: {
      to: { type: 'string', default: 'dist/server' },
      agents: { type: 'string', default: 'dist/agent' },
    },
    run: async (values) => {
      await buildServer({ ...values, env: process.env, note })
    },
  },
  process.argv.slice(2),
  { line, note },
)
