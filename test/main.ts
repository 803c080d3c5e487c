import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackages } from '../agent/build/packages.ts'
import { platformHere } from '../packaging/platform.ts'

/**
 * `tsx test/main.ts all | unit | e2e [NAME...]`: names the files to node:test, which on Node.js 20 finds no TypeScript by itself,
 * and fails when no test was run. Labs share two cores, so few end-to-end files run at a time.
 */
const [kind = 'all', ...names] = process.argv.slice(2)
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .toSorted()
/** Twelve nodes leave nobody room beside them. */
const alone = ['e2e/cluster.test.ts']
const isEndToEnd = (name: string) => name.startsWith('e2e/')
/** By its own name, or by that of the folder it is in. */
const isNamed = (name: string, wanted: string) => name === `e2e/${wanted}.test.ts` || name.startsWith(`e2e/${wanted}/`)
const isWanted = (name: string) => names.length === 0 || names.some((wanted) => isNamed(name, wanted))

/** A browser needs a core for itself. */
const isInBrowser = (name: string) => name.startsWith('console/')
const ownCode = kind === 'e2e' ? [] : files.filter((name) => !isEndToEnd(name))
const [inBrowser, unit] = [ownCode.filter(isInBrowser), ownCode.filter((name) => !isInBrowser(name))]
const endToEnd = kind === 'unit' ? [] : files.filter((name) => isEndToEnd(name) && isWanted(name))
const packages = mkdtempSync(join(tmpdir(), 'trivet-packages-'))
process.on('exit', () => rmSync(packages, { recursive: true }))
const unknown = names.filter((wanted) => !endToEnd.some((name) => isNamed(name, wanted)))

if (unknown.length > 0) {
  const there = files.filter(isEndToEnd).map((name) => name.slice('e2e/'.length, -'.test.ts'.length))
  console.error(`There is no end-to-end test ${unknown.join(', ')}. There are: ${there.join(', ')}`)
  process.exitCode = 2
} else {
  const isAlone = (name: string) => alone.includes(name)
  const [apart, sideBySide] = [endToEnd.filter(isAlone), endToEnd.filter((name) => !isAlone(name))]
  const halfAnHour = 1_800_000
  if (endToEnd.length > 0) {
    // Once for all files (helpers/fleet.ts).
    await buildPackages(packages, { platforms: [platformHere()], note: () => undefined })
    process.env.TRIVET_TEST_PACKAGES = packages
  }
  const passed = [
    await runTests(unit, 2, 60_000),
    await runTests(inBrowser, 1, 300_000),
    await runTests(apart, 1, halfAnHour),
    await runTests(sideBySide, 2, halfAnHour),
  ]
  process.exitCode = passed.every(Boolean) ? 0 : 1
}

async function runTests(wanted: string[], concurrency: number, timeoutMs: number) {
  if (wanted.length === 0) return true
  const paths = wanted.map((name) => join(import.meta.dirname, name))
  const argv = [
    '--import',
    'tsx',
    '--test',
    '--test-reporter=spec',
    `--test-timeout=${timeoutMs}`,
    `--test-concurrency=${concurrency}`,
    ...paths,
  ]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    printed += chunk.toString()
  })
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const count = Number(/^\S+ tests (\d+)$/m.exec(printed)?.[1] ?? 0)
  if (count === 0) console.error(`${wanted.length} files were named, and no test was run.`)
  return exitCode === 0 && count > 0
}
