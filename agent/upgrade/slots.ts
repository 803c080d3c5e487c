import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { syncDirectory } from '../../resources/files/write-atomically.ts'

const program = 'trivet-agent'
const slots = ['a', 'b'] as const

/**
 * Where agents lie side by side: what a package or the script installed in the folder itself (`.`), what upgrades brought in `a` and `b` below it, by turns.
 * The link `current` names the one that runs; a package that is installed anew points it at its own.
 */
export class Slots {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  get current() {
    return readlinkSync(join(this.folder, 'current'))
  }

  /** The one that the next upgrade goes to. */
  get free() {
    return this.current === 'a' ? 'b' : 'a'
  }

  path(slot: string) {
    return join(this.folder, slot)
  }

  program(slot: string) {
    return join(this.folder, slot, program)
  }

  /** An empty one. */
  make(slot: string) {
    rmSync(this.path(slot), { recursive: true, force: true })
    mkdirSync(this.path(slot), { mode: 0o755 })
  }

  /** From now on this one is started; a machine that lost its power has the one or the other. */
  point(slot: string) {
    if (this.current === slot) return
    const beside = join(this.folder, 'current.new')
    rmSync(beside, { force: true })
    symlinkSync(slot, beside)
    renameSync(beside, join(this.folder, 'current'))
    syncDirectory(this.folder)
  }

  /** Removes what upgrades have left and nothing runs. */
  prune() {
    for (const slot of slots) if (slot !== this.current) rmSync(this.path(slot), { recursive: true, force: true })
  }
}

/** Those that this program lies in, with its own; undefined where it was put to be run from elsewhere. */
export function slotsAround(path: string) {
  const folder = dirname(path)
  const slot = slots.find((name) => name === basename(folder)) ?? '.'
  const all = slot === '.' ? folder : dirname(folder)
  const link = lstatSync(join(all, 'current'), { throwIfNoEntry: false })
  return basename(path) === program && link?.isSymbolicLink() ? { slots: new Slots(all), slot } : undefined
}
