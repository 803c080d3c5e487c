import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { start } from '../executable/start.ts'

/** Runs the agent whose parts lie beside it, and leaves with each what V8 had compiled of it when it ended. */
const [, self = '', ...argv] = process.argv
const path = (name: string) => join(dirname(self), name)

function read(name: string) {
  return name.endsWith('.js') && existsSync(path(name)) ? readFileSync(path(name)) : undefined
}

void start(
  {
    read,
    program: path,
    onLoad: (name, script) => process.on('exit', () => writeFileSync(path(`${name}.cache`), script.createCachedData())),
  },
  argv,
  false,
)
