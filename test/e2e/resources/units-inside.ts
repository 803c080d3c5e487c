// Runs on a lab node, where systemd's socket is: `read UNIT...` prints states as JSON, `watch UNIT...` a line for each unit that is told.
import { Systemd } from '../../../agent/machine/dbus/systemd.ts'
import { readUnits } from '../../../agent/machine/units.ts'
import { watchUnits } from '../../../agent/machine/watch-units.ts'

const [verb, ...names] = process.argv.slice(2)
const noChild = () => Promise.reject(new Error('a child was to be started'))

async function main() {
  if (verb === 'read') {
    const states = await readUnits(names, new Systemd(), noChild)
    const entries = [...states].map(([name, state]) => [name, state instanceof Error ? state.message : state])
    return process.stdout.write(JSON.stringify(Object.fromEntries(entries)))
  }
  await watchUnits(names, (name) => process.stdout.write(`${name}\n`), new Systemd())
  return process.stdout.write('watching\n')
}

// Watching keeps no process alive by itself.
if (verb === 'watch') setInterval(() => undefined, 1 << 30)
void main()
