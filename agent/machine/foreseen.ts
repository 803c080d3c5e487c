import { type BlobRef, sha256 } from '../../protocol/catalog.ts'
import type { CommandOptions, CommandResult, Foreseen, ForeseenPath, Host, UnitState } from '../../resources/host.ts'
import { ForeseenFiles } from './foreseen-files.ts'

/** Where unit files lie, those that win first (systemd.unit(5)). */
const unitFolders = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

/** The machine as a plan foresees it. What is not foreseen is as it really is; nothing is changed. */
export class ForeseenHost implements Foreseen {
  readonly files: ForeseenFiles
  readonly #real: Host
  readonly #units = new Map<string, Partial<UnitState>>()
  readonly #brought: string[] = []
  #packages: ReturnType<Host['packages']> | undefined
  #users: ReturnType<Host['users']> | undefined
  #groups: ReturnType<Host['groups']> | undefined
  #pretending = false
  /** What was foreseen of files when systemd last read its units anew. */
  #reloadedAt = 0

  constructor(real: Host) {
    this.#real = real
    this.files = new ForeseenFiles(real.files)
  }

  /** While `change` is tried out, commands are not run and succeed. */
  async pretend(change: () => void | Promise<void>) {
    this.#pretending = true
    try {
      await change()
    } finally {
      this.#pretending = false
    }
  }

  /** What comes with things that nobody can list. */
  get brought(): readonly string[] {
    return this.#brought
  }

  async run(argv: string[], options?: CommandOptions): Promise<CommandResult> {
    if (!this.#pretending) return this.#real.run(argv, options)
    if (argv.includes('daemon-reload')) this.#reloadedAt = this.files.count
    if (argv[0] === 'systemctl' && argv[1] === 'stop')
      this.foreseeUnit(argv.at(-1) ?? '', { ActiveState: 'inactive', SubState: 'dead' })
    return { exitCode: 0, stdout: '', stderr: '' }
  }

  look: Host['run'] = (argv, options) => this.#real.run(argv, options)

  foresee(path: string, there: ForeseenPath | null) {
    this.files.foresee(path, there)
  }

  foreseeUnit(name: string, state: Partial<UnitState>) {
    this.#units.set(name, { ...this.#units.get(name), ...state })
  }

  mayBring(what: string) {
    this.#brought.push(what)
  }

  readBlob(blob: BlobRef) {
    return this.#real.readBlob(blob)
  }

  keep(bytes: Buffer) {
    return sha256(bytes)
  }

  packages() {
    this.#packages ??= new Map(this.#real.packages())
    return this.#packages
  }

  users() {
    this.#users ??= new Map(this.#real.users())
    return this.#users
  }

  groups() {
    this.#groups ??= new Map(
      [...this.#real.groups()].map(([name, { gid, members }]) => [name, { gid, members: [...members] }]),
    )
    return this.#groups
  }

  /** A plan reads once, and changes what it has read by `effects`. */
  pass() {
    return this
  }

  async unit(name: string): Promise<UnitState> {
    const real = await this.#real.unit(name)
    return { ...real, ...this.#fromFiles(name, real), ...this.#units.get(name) }
  }

  reboot() {}

  changed() {}

  // What systemd will make of unit files that are foreseen to come, to change, or to go.
  #fromFiles(name: string, real: UnitState): Partial<UnitState> {
    const paths = unitFolders.map((folder) => `${folder}/${name}`)
    const all = paths.flatMap((path) => [path, `${path}.d`])
    if (!this.files.isNewer(all, 0)) return {}
    const path = paths.find((one) => this.files.stat(one))
    if (real.LoadState === 'not-found') return path === undefined ? {} : this.#loaded(path)
    if (this.files.isNewer(all, this.#reloadedAt)) return { NeedDaemonReload: 'yes' }
    return path === undefined
      ? { LoadState: 'not-found', UnitFileState: '', NeedDaemonReload: 'no' }
      : { NeedDaemonReload: 'no' }
  }

  #loaded(path: string): Partial<UnitState> {
    const text = this.files.read(path).toString()
    const UnitFileState = /^\[Install\]/m.test(text) ? 'disabled' : 'static'
    return { LoadState: 'loaded', UnitFileState, Type: /^Type=(.+)$/m.exec(text)?.[1] ?? 'simple' }
  }
}
