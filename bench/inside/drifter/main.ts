// Runs in the node: writes into files that are right, and waits until each of them is right again.
// `main.js PATHS turns N [PAUSE]`: so many, each in a file taken at random, so many ms after the one before is right again.
// `main.js PATHS burst`: all files at once.
// PATHS is a file with a list of paths in JSON. Prints { ms, missed, writtenMs }, times from before the write until all is read back.
import { readFileSync, watch, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What is not right again by then has been missed. */
const patienceMs = 20_000
/** A look at least so often, should the kernel not tell. */
const lookMs = 20

const [list = '', how = '', count = '1', pauseMs = '0'] = process.argv.slice(2)
const paths: string[] = JSON.parse(readFileSync(list, 'utf8'))
const contents = new Map(paths.map((path) => [path, readFileSync(path)]))

/** What the kernel told of since it was last looked at. */
const touched = new Set<string>()
let wake = () => {}
const watchers = [...new Set(paths.map(dirname))].map((folder) =>
  watch(folder, (_type, name) => {
    if (name !== null) touched.add(join(folder, name))
    wake()
  }),
)

function isRight(path: string) {
  const wanted = contents.get(path)
  try {
    return wanted?.equals(readFileSync(path)) === true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Gives what was touched; undefined where nothing was for some time. */
async function somethingHappens() {
  if (touched.size === 0) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lookMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
  const told = touched.size > 0 ? [...touched] : undefined
  touched.clear()
  return told
}

/** Milliseconds until each is right again; those that are missed are put right. */
async function repaired(drifted: string[], since: number) {
  const left = new Set(drifted)
  const ms: number[] = []
  while (left.size > 0 && performance.now() - since < patienceMs) {
    for (const path of (await somethingHappens()) ?? left) {
      if (!left.has(path) || !isRight(path)) continue
      left.delete(path)
      ms.push(performance.now() - since)
    }
  }
  for (const path of left) writeFileSync(path, contents.get(path) ?? '')
  return { ms, missed: left.size }
}

async function drift(drifted: string[], turn = 0) {
  const since = performance.now()
  for (const path of drifted) writeFileSync(path, `${path} ${turn}: not what anybody wants\n`)
  const writtenMs = performance.now() - since
  return { writtenMs, ...(await repaired(drifted, since)) }
}

async function turns() {
  const [ms, missed]: [number[], string[]] = [[], []]
  for (let turn = 0; turn < Number(count); turn++) {
    if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)))
    const path = paths[Math.floor(Math.random() * paths.length)] ?? ''
    const result = await drift([path], turn)
    ms.push(...result.ms)
    if (result.missed > 0) missed.push(path)
  }
  return { ms, missed: missed.length }
}

async function main() {
  console.log(JSON.stringify(how === 'burst' ? await drift(paths) : await turns()))
  for (const watcher of watchers) watcher.close()
}

void main()
