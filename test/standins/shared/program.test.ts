import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const program = `
const { dieOfErrors, log } = await import('./test/standins/shared/program.ts')
dieOfErrors()
process.stdin.on('end', () => {
  log('nobody hears this')
  setTimeout(() => process.exit(0), 100)
})
process.stdin.resume()
process.stdout.write('ready')
`

test('a program goes on when whoever read its log has ended', async () => {
  const argv = ['--import', 'tsx', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, argv, { stdio: 'pipe' })
  const ended = once(child, 'close')
  await once(child.stdout, 'data')
  child.stderr.destroy()
  await once(child.stderr, 'close')
  child.stdin.end()
  assert.deepEqual(await ended, [0, null])
})
