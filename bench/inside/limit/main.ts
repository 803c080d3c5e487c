// The bare limit in Node.js: reads what a no-op run has to read and compares, with no catalog, order, lock or report.
// `main.js WANTED` makes one pass and exits with 1 when something differs. With `stay` it answers every line of standard
// input, a number, by the milliseconds of so many passes.
import { hash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs'

interface Wanted {
  files: [path: string, sha256: string][]
  directories: string[]
  packages: string[]
  services: string[]
}

const [path = '', stay] = process.argv.slice(2)
const wanted: Wanted = JSON.parse(readFileSync(path, 'utf8'))
const buffer = Buffer.allocUnsafe(64 * 1024)

function pass() {
  return [
    ...wanted.directories.filter((each) => !isOurs(each, 0o40755)),
    ...wanted.files
      .filter(([each, sha256]) => !isOurs(each, 0o100644) || hashOf(each) !== sha256)
      .map(([each]) => each),
    ...missingPackages(),
    ...wrongServices(),
  ]
}

function isOurs(each: string, mode: number) {
  const found = lstatSync(each, { throwIfNoEntry: false })
  return found !== undefined && found.mode === mode && found.uid === 0 && found.gid === 0
}

function hashOf(each: string) {
  const file = openSync(each, 'r')
  const bytes = readSync(file, buffer)
  closeSync(file)
  return hash('sha256', buffer.subarray(0, bytes), 'hex')
}

function missingPackages() {
  if (wanted.packages.length === 0) return []
  const installed = new Set<string>()
  for (const stanza of readFileSync('/var/lib/dpkg/status', 'latin1').split('\n\n')) {
    if (stanza.includes('\nStatus: install ok installed\n')) installed.add(stanza.slice(9, stanza.indexOf('\n')))
  }
  return wanted.packages.filter((name) => !installed.has(name))
}

function wrongServices() {
  if (wanted.services.length === 0) return []
  const { execFileSync } = process.getBuiltinModule('node:child_process')
  const argv = ['show', '--property=ActiveState,UnitFileState', ...wanted.services]
  const states = execFileSync('systemctl', argv, { encoding: 'utf8' }).trim().split('\n\n')
  return wanted.services.filter((_, index) => states[index] !== 'ActiveState=active\nUnitFileState=enabled')
}

function timed() {
  const startedAt = performance.now()
  const differing = pass()
  const tookMs = performance.now() - startedAt
  if (differing.length > 0) throw new Error(`not as wanted: ${differing.join(', ')}`)
  return tookMs
}

if (stay === undefined) {
  const differing = pass()
  if (differing.length > 0) console.log(differing.join('\n'))
  process.exitCode = differing.length > 0 ? 1 : 0
} else {
  process.stdin.on('data', (line: Buffer) => {
    console.log(JSON.stringify(Array.from({ length: Number(line.toString()) }, timed)))
  })
}
