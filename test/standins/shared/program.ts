import { appendFileSync, mkdirSync } from 'node:fs'
import { lookup, lookupService } from 'node:dns/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

// Twelve nodes of these share one small machine.
setFlagsFromString('--max-semi-space-size=1')

// A stop ends the whole control group, with the logger that reads this: as in life, what nobody reads any more is lost, and no more than that.
process.stderr.on('error', () => undefined)

let logFile: string | undefined

/** Lines go to this folder too from now on, as glog's do. */
export function logInto(folder: string, program: string) {
  mkdirSync(folder, { recursive: true })
  logFile = join(folder, `${program}.INFO`)
}

export function log(message: string) {
  const line = `${new Date().toISOString()} ${message}\n`
  process.stderr.write(line)
  if (logFile) appendFileSync(logFile, line)
}

/** Says why, and ends the program. */
export function die(message: string, code = 1): never {
  log(message)
  process.exit(code)
}

/** Nothing goes on after what nobody foresaw: the supervisor starts us anew. */
export function dieOfErrors(code = 1) {
  const end = (error: unknown) => die(error instanceof Error ? (error.stack ?? error.message) : String(error), code)
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}

/** The address that others reach: what is given, else what our own name resolves to, even where that is loopback. */
export async function ownAddress(given: string | undefined) {
  if (given !== undefined) return given
  const { address } = await lookup(hostname(), { family: 4 })
  if (address.startsWith('127.'))
    log('WARNING: bound to loopback interface! Cannot communicate with remote ones; set --ip')
  return address
}

export async function nameOf(address: string) {
  try {
    return (await lookupService(address, 0)).hostname
  } catch {
    return address
  }
}
