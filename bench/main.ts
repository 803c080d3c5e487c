import packageJson from '../package.json' with { type: 'json' }
import { makeOutput } from '../cli/output.ts'
import { runProgram } from '../cli/program.ts'
import { converge } from './converge.ts'
import { drift } from './drift.ts'
import { executable } from './executable.ts'
import { history } from './history.ts'
import { linearity } from './linearity.ts'
import { live } from './live.ts'
import { memory } from './memory.ts'

const abort = new AbortController()

function interrupted() {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => (abort.signal.aborted ? process.exit(code) : abort.abort()))
  }
  return abort.signal
}

process.exitCode = await runProgram(
  {
    name: 'npm run bench --',
    version: packageJson.version,
    summary: "Measures Trivet, and its peers' figures beside it in the same run.",
    commands: [converge, linearity, memory, drift, history, live, executable],
  },
  process.argv.slice(2),
  { output: makeOutput(process.stdout, process.stderr), interrupted },
)
