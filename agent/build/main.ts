import { parseArgs } from 'node:util'
import { buildAgent } from './build.ts'

/** `npm run build:agent`: the agent as it is installed, in dist/agent. */
const { values } = parseArgs({ options: { to: { type: 'string', default: 'dist/agent' } } })
await buildAgent(values.to)
