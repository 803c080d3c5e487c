import assert from 'node:assert/strict'
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { blobsIn } from '../../agent/kept/blobs.ts'
import { type CatalogResource, sha256 } from '../../protocol/catalog.ts'
import { defineResource } from '../../resources/define.ts'
import { file } from '../../resources/file.ts'
import { nodeIn, resource, World } from './tiny.ts'

const calls = [
  'openSync',
  'writeFileSync',
  'appendFileSync',
  'fchmodSync',
  'fsync',
  'fsyncSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'rmSync',
] as const

/** What a disk still has after a loss of power: names since their directory was last synced, bytes since their file was. */
class Disk {
  readonly #bytes = new Map<number, Buffer>()
  readonly #names = new Map<string, Map<string, number>>()
  readonly #paths = new Map<number, string>()

  /** All that is in these directories is on it from the start. */
  constructor(dirs: string[]) {
    for (const path of dirs.flatMap(filesBelow)) this.#bytes.set(statSync(path).ino, readFileSync(path))
    for (const dir of dirs.flatMap(foldersIn)) this.#sync(dir)
  }

  opened(fd: number, path: string) {
    this.#paths.set(fd, path)
    const { ino, size } = fs.fstatSync(fd)
    // A number that was used before, of a file that is new.
    if (size === 0) this.#bytes.delete(ino)
  }

  synced(fd: number) {
    const path = this.#paths.get(fd)
    const stat = fs.fstatSync(fd)
    if (path === undefined) return
    if (stat.isDirectory()) this.#sync(path)
    else this.#bytes.set(stat.ino, readFileSync(path))
  }

  #sync(dir: string) {
    this.#names.set(dir, new Map(filesIn(dir).map((path) => [basename(path), statSync(path).ino])))
  }

  /** Puts everything below it back to that. A file whose bytes never came is there, and empty. */
  losePower(root: string) {
    for (const path of filesBelow(root)) rmSync(path)
    for (const [dir, names] of this.#names) {
      if (dir !== root && !dir.startsWith(`${root}/`)) continue
      for (const [name, ino] of names) writeFileSync(join(dir, name), this.#bytes.get(ino) ?? '')
    }
  }
}

function foldersIn(dir: string): string[] {
  const folders = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [dir, ...folders.flatMap(({ name }) => foldersIn(join(dir, name)))]
}

function filesIn(dir: string) {
  const files = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map(({ name }) => join(dir, name))
}

function filesBelow(root: string) {
  return foldersIn(root).flatMap(filesIn)
}

/** Does the work until its n-th call that touches the disk; from then on nothing happens any more. */
async function cutAt(n: number, disk: Disk, work: () => Promise<unknown>) {
  const original = Object.fromEntries(calls.map((name) => [name, fs[name]]))
  let count = 0
  let isOurs = false
  for (const name of calls) {
    const call = fs[name]
    const counted = (...args: unknown[]) => {
      if (isOurs) return Reflect.apply(call, fs, args)
      if (++count >= n) throw new Error('dead')
      isOurs = true
      try {
        if (name === 'fsync') return syncNow(args, disk)
        const result: unknown = Reflect.apply(call, fs, args)
        if (name === 'openSync' && typeof result === 'number') disk.opened(result, String(args[0]))
        if (name === 'fsyncSync' && typeof args[0] === 'number') disk.synced(args[0])
        return result
      } finally {
        isOurs = false
      }
    }
    Object.assign(fs, { [name]: counted })
  }
  syncBuiltinESMExports()
  try {
    await work().catch(() => {}) // There is no power.
  } finally {
    Object.assign(fs, original)
    syncBuiltinESMExports()
  }
  return count >= n
}

/** What is synced beside the thread is synced at once here, so that what a cut leaves is the same each time. */
function syncNow([fd, done]: unknown[], disk: Disk) {
  assert(typeof fd === 'number' && typeof done === 'function')
  fs.fsyncSync(fd)
  disk.synced(fd)
  setImmediate(() => void done(null))
}

/** A node whose files say something; what they said when its service was last restarted survives whatever comes. */
function startOver(dir: string) {
  const [state, files] = [join(dir, 'state'), join(dir, 'files')]
  rmSync(dir, { recursive: true, force: true })
  for (const path of [dir, state, files]) mkdirSync(path)
  const confs = ['a', 'b', 'c'].map((name) => join(files, name))
  const world = new World()
  const service = { loaded: [] as string[], fails: false }
  const restart = async () => {
    if (service.fails) throw new Error('it cannot be restarted now')
    service.loaded = confs.map(read)
  }
  world.types.service = defineResource({
    ...file,
    type: 'service',
    check: () => [],
    actions: { restart },
  })
  world.types.file = file
  const nodeWanting = (text: string) => {
    const bytes = Buffer.from(text)
    blobsIn(join(state, 'blobs')).write(sha256(bytes), bytes)
    const content = { sha256: sha256(bytes), bytes: bytes.length }
    const notifies = [{ action: 'restart', target: 'service[it]' as const }]
    const resources: CatalogResource[] = [
      ...confs.map((conf) => ({ ...resource(conf), type: 'file', props: { content }, notifies })),
      { ...resource('it'), type: 'service', props: {} },
    ]
    return nodeIn(state, world, resources)
  }
  for (const conf of confs) writeFileSync(conf, 'old')
  return { state, files, confs, said: () => confs.map(read), nodeWanting, service }
}

function read(path: string) {
  return readFileSync(path, 'utf8')
}

const all = [['state'], ['files'], ['state', 'files']] as const
const cases = all.flatMap((lost) => [false, true].map((fails) => ({ lost, fails })))

for (const { lost, fails } of cases) {
  const which = fails ? 'restart that failed' : 'restart'
  test(`a loss of power at any call loses no ${which}, where the ${lost.join(' and the ')} lose all that was not synced`, async (t) => {
    // What is lost is counted here, not by the disk, so none needs to be waited for.
    const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'test-'))
    t.after(() => rmSync(base, { recursive: true }))
    const dir = join(base, 'node')
    let cuts = 0
    for (let n = 1, cut = true; cut; n++) {
      const { nodeWanting, confs, said, service, ...roots } = startOver(dir)
      service.fails = fails
      const node = nodeWanting('new')
      const disk = new Disk([roots.state, roots.files])
      cut = await cutAt(n, disk, () => node.runs())
      if (cut) cuts++
      for (const root of lost) disk.losePower(roots[root])
      for (const one of said()) assert(one === 'old' || one === 'new', `cut at ${n}, a file says ${one}`)

      service.fails = false
      rmSync(join(roots.state, 'lock'), { force: true })
      const reborn = nodeWanting('new')
      await reborn.runs()
      assert.deepEqual(said(), ['new', 'new', 'new'], `cut at ${n}`)
      assert.deepEqual(service.loaded, said(), `cut at ${n}, the service was not restarted`)
      const { run } = await reborn.run()
      assert.deepEqual([run.outcome, run.owed], ['unchanged', []], `cut at ${n}`)
      if (cut) continue
      const reports = reborn.spool.names().map((name) => reborn.spool.read(name))
      const told = reports.flatMap((report) => report?.events.map(({ id }): string => id) ?? [])
      for (const conf of confs) assert(told.includes(`file[${conf}]`), 'the report of what was changed is lost')
    }
    assert(cuts > 30, `only ${cuts} places to cut`)
  })
}
