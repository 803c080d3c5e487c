// Runs in the node: one command, timed where it runs, so that the way into the node is in no figure.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const usage = '/srv/bench/usage'
const argv = process.argv.slice(2)

const startedAt = process.hrtime.bigint()
const child = spawnSync('/usr/bin/time', ['-q', '-o', usage, '-f', '%e %U %S %M', '--', ...argv], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'pipe'],
  maxBuffer: 64 * 1024 * 1024,
})
const wallMs = Number(process.hrtime.bigint() - startedAt) / 1e6
if (child.error) throw child.error

const [, user = 0, system = 0, peakKb = 0] = readFileSync(usage, 'utf8').trim().split(' ').map(Number)
const said = `${child.stdout}${child.stderr}`.slice(-2000)
console.log(
  JSON.stringify({ exitCode: child.status, wallMs, cpuMs: (user + system) * 1000, peakMb: peakKb / 1024, said }),
)
