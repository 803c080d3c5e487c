import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { holderOf, tryLock, waitForLock } from '../../../agent/kept/lock.ts'
import { tempDir } from '../../helpers/converges.ts'
import { until } from '../tiny.ts'

const contender = fileURLToPath(new URL('contend.ts', import.meta.url))

/** What the lock file of this very process says. */
function myText(path: string) {
  const lock = tryLock(path)
  assert('release' in lock)
  const text = readFileSync(path, 'utf8')
  lock.release()
  return text
}

test('a second who wants the lock hears who holds it, until it is released', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'lock')
  const lock = tryLock(path)
  assert('release' in lock)
  assert.deepEqual(tryLock(path), { heldBy: process.pid })
  assert.equal(holderOf(path), process.pid)

  lock.release()
  assert.equal(holderOf(path), undefined)
  const again = tryLock(path)
  assert('release' in again)
  again.release()
  assert.deepEqual(readdirSync(dir), [])
})

test('the lock of a process that is dead, was another, or ran before the last boot is taken over', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'lock')
  const [pid, started, boot] = myText(path).split(' ')
  const stale = [
    `4194999 ${started} ${boot}`,
    `${pid} ${Number(started) - 1} ${boot}`,
    `${pid} ${started} 00000000-0000-0000-0000-000000000000`,
  ]
  for (const holder of stale) {
    writeFileSync(path, holder)
    assert.equal(holderOf(path), undefined, holder)
    const lock = tryLock(path)
    assert('release' in lock, holder)
    lock.release()
  }
  assert.deepEqual(readdirSync(dir), [])
})

test('a lock file that a power cut left empty is taken over', async (t) => {
  const path = join(await tempDir(t), 'lock')
  writeFileSync(path, '')
  assert.equal(holderOf(path), undefined)
  const lock = tryLock(path)
  assert('release' in lock)
  lock.release()
})

test('the lock of a process that has ended but that nobody has reaped is taken over', async (t) => {
  const path = join(await tempDir(t), 'lock')
  // The shell starts a child that ends soon, says its pid and becomes a program that reaps nobody.
  const shell = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => shell.kill('SIGKILL'))
  const [pid] = await once(shell.stdout, 'data')
  const stat = `/proc/${String(pid).trim()}/stat`
  await until(`${stat} says that it is a zombie`, () => / Z /.test(readFileSync(stat, 'latin1')))
  const started = readFileSync(stat, 'latin1').split(') ')[1]?.split(' ')[19]
  writeFileSync(path, `${String(pid).trim()} ${started} ${myText(`${path}.mine`).split(' ')[2]}`)
  assert.equal(holderOf(path), undefined)
})

test('whoever waits for the lock is told once by whom it is held, and gets it when it is released', async (t) => {
  const path = join(await tempDir(t), 'lock')
  const first = tryLock(path)
  assert('release' in first)
  const told: number[] = []
  const waiting = waitForLock(path, (pid) => {
    told.push(pid)
    setTimeout(first.release, 150)
  })
  const second = await waiting
  assert.deepEqual(told, [process.pid])
  second.release()
})

test('whoever waits for the lock can give up', async (t) => {
  const path = join(await tempDir(t), 'lock')
  const lock = tryLock(path)
  assert('release' in lock)
  const abort = new AbortController()
  const waiting = waitForLock(path, () => abort.abort(), abort.signal)
  await assert.rejects(waiting, new RegExp(`was to end while it waited for the run of process ${process.pid}`))
  lock.release()
})

test('of processes that find a stale lock at once, time and again, never two hold it', async (t) => {
  const path = join(await tempDir(t), 'lock')
  const contenders = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--import', 'tsx', contender, path, '150'], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const ended = await Promise.all(
    contenders.map(async (child) => {
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const [code] = await once(child, 'close')
      return { code, said: said.trim() }
    }),
  )
  for (const { code, said } of ended) assert.deepEqual({ code, said }, { code: 0, said: 'held it 150 times' })
  assert.equal(existsSync(`${path}.held`), false)
})
