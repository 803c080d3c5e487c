import { sha256 } from '../../protocol/catalog.ts'
import { must } from '../../resources/define.ts'
import { realFiles } from '../../resources/files/files.ts'
import type { CommandOptions, Host } from '../../resources/host.ts'
import type { Blobs } from '../kept/blobs.ts'
import { makeFolder } from '../kept/state.ts'
import { Systemd } from './dbus/systemd.ts'
import { packageReader } from './packages.ts'
import { readerOf } from './reader.ts'
import { runCommand } from './run-command.ts'
import { readUnits, type UnitStates } from './units.ts'
import { watchUnits } from './watch-units.ts'

export interface RealHostOptions {
  blobs: Blobs
  /** Where replaced files are kept. */
  kept: Blobs
  /** For output of commands that outlive the agent. */
  scratch: string
  closedGate: Host['closedGate']
}

/** This machine. What was read in bulk is kept until something changes. */
export class RealHost implements Host {
  readonly files = realFiles
  readonly closedGate: Host['closedGate']
  readonly #options: RealHostOptions
  readonly #readPackages = packageReader()
  readonly #readUsers = readerOf('/etc/passwd', parseUsers)
  readonly #readGroups = readerOf('/etc/group', parseGroups)
  #unitNames: string[] = []
  readonly #systemd = new Systemd()
  #units: Promise<UnitStates> | undefined
  #users: ReturnType<Host['users']> | undefined
  #groups: ReturnType<Host['groups']> | undefined
  #pass = {}
  #deadline: number | undefined
  #runDeadline = Infinity
  /** What is done when a resource asks for a reboot; the run that is under way says it. */
  onReboot: (reason: string) => void = () => {}

  constructor(options: RealHostOptions) {
    this.#options = options
    this.closedGate = options.closedGate
    makeFolder(options.scratch)
  }

  /** The units of a catalog: all are read in one call when the first is asked for. */
  expectUnits(names: string[]) {
    this.#unitNames = [...new Set(names)]
    this.changed()
  }

  /** No command may go on for longer from now on; undefined lifts the limit. */
  limit(timeoutMs: number | undefined) {
    // By a clock that nobody sets: a recipe may well be about time.
    this.#deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs
  }

  /** No command of this run may go on for longer. */
  limitRun(timeoutMs: number) {
    this.#runDeadline = performance.now() + timeoutMs
  }

  reboot(reason: string) {
    this.onReboot(reason)
  }

  async rebootNow() {
    await must(this, ['systemctl', 'reboot'])
  }

  run(argv: string[], options: CommandOptions = {}) {
    return runCommand(argv, this.#limited(options), this.#options.scratch)
  }

  readBlob(blob: { sha256: string }) {
    return this.#options.blobs.read(blob)
  }

  keep(bytes: Buffer) {
    const hash = sha256(bytes)
    this.#options.kept.write(hash, bytes)
    return hash
  }

  readKept(hash: string) {
    return this.#options.kept.read({ sha256: hash })
  }

  packages() {
    return this.#readPackages()
  }

  async unit(name: string) {
    if (!this.#unitNames.includes(name)) this.expectUnits([...this.#unitNames, name])
    this.#units ??= readUnits(this.#unitNames, this.#systemd, (argv) => this.run(argv), this.#limited({}).timeoutMs)
    const found = (await this.#units).get(name)
    if (!found) throw new Error(`systemd did not answer for ${name}`)
    if (found instanceof Error) throw found
    return found
  }

  /** Tells the names of units that may have changed. */
  watchUnits(names: string[], onChange: (name: string) => void) {
    return watchUnits(names, onChange, this.#systemd)
  }

  users() {
    this.#users ??= this.#readUsers()
    return this.#users
  }

  groups() {
    this.#groups ??= this.#readGroups()
    return this.#groups
  }

  pass() {
    return this.#pass
  }

  changed() {
    this.#pass = {}
    this.#units = undefined
    this.#users = undefined
    this.#groups = undefined
  }

  #limited(options: CommandOptions): CommandOptions {
    const deadline = Math.min(this.#deadline ?? Infinity, this.#runDeadline)
    if (deadline === Infinity) return options
    const left = Math.max(1, Math.ceil(deadline - performance.now()))
    return { ...options, timeoutMs: Math.min(left, options.timeoutMs ?? left) }
  }
}

function parseUsers(text: string): ReturnType<Host['users']> {
  return new Map(
    rowsOf(text).map(([name = '', , uid, gid, comment = '', home = '', shell = '']) => [
      name,
      { uid: Number(uid), gid: Number(gid), comment, home, shell },
    ]),
  )
}

function parseGroups(text: string): ReturnType<Host['groups']> {
  return new Map(
    rowsOf(text).map(([name = '', , gid, members = '']) => [
      name,
      { gid: Number(gid), members: members.split(',').filter(Boolean) },
    ]),
  )
}

function rowsOf(text: string) {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(':'))
}
