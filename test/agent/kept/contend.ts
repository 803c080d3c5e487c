import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { tryLock } from '../../../agent/kept/lock.ts'

// Takes the lock many times and dies in spirit each second time: leaves a stale one. Ends with 1 if another holds it with us.
const [path = '', times = ''] = process.argv.slice(2)
for (let held = 0; held < Number(times);) {
  const lock = tryLock(path)
  if ('release' in lock) {
    closeSync(openSync(`${path}.held`, 'wx'))
    for (let i = 0; i < 3; i++) await turn()
    rmSync(`${path}.held`)
    if (held % 2 === 0) lock.release()
    else writeFileSync(path, '4194999 1 x')
    held++
  }
  await turn()
}
process.stdout.write(`held it ${times} times\n`)
