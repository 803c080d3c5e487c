import { type BlobRef, sha256 } from '../../protocol/catalog.ts'
import type {
  CommandOptions,
  CommandResult,
  Files,
  Foreseen,
  ForeseenPath,
  Group,
  Host,
  InstalledPackage,
  UnitState,
  User,
} from '../../resources/host.ts'
import { ForeseenFiles } from './foreseen-files.ts'
import { ForeseenMap, Sight } from './sight.ts'

/** Where unit files lie, those that win first (systemd.unit(5)). */
const unitFolders = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

/** What was told of a unit, and how many files were foreseen until then. */
interface Told {
  state: Partial<UnitState>
  at: number
}

/** What a look gave, and whether it rests on something that is not there, or on a list, and may come with what was brought. */
interface Watched<Found> {
  found: Found
  mayCome: boolean
  /** A command was asked, which sees the machine as it really is. */
  hasAsked: boolean
}

/** The machine as a plan foresees it. What is not foreseen is as it really is; nothing is changed. */
export class ForeseenHost implements Foreseen {
  readonly files: ForeseenFiles
  readonly closedGate: Host['closedGate']
  readonly #real: Host
  readonly #sight = new Sight()
  readonly #units = new Map<string, Told>()
  readonly #unitDoubts = new Map<string, string>()
  readonly #brought: string[] = []
  #packages: ForeseenMap<InstalledPackage> | undefined
  #users: ForeseenMap<User> | undefined
  #groups: ForeseenMap<Group> | undefined
  #pretending = false
  /** Among what comes with things that nobody can list is something that may bring packages. */
  bringsPackages = false
  /** What was foreseen of files when systemd last read its units anew. */
  #reloadedAt = 0
  #hasReloaded = false
  /** Why it is not known whether it has. */
  #reloadDoubt: string | undefined

  constructor(real: Host) {
    this.#real = real
    this.closedGate = real.closedGate
    this.files = new ForeseenFiles(real.files, this.#sight)
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

  /** What `look` gives, and what it rests on. */
  async watch<Found>(look: () => Found | Promise<Found>): Promise<Watched<Found>> {
    Object.assign(this.#sight, { hasMissed: false, hasMissedPackage: false, hasAsked: false })
    const found = await look()
    const { hasMissed, hasMissedPackage, hasAsked } = this.#sight
    const mayCome = (hasMissed && this.#brought.length > 0) || (hasMissedPackage && this.bringsPackages)
    return { found, mayCome, hasAsked }
  }

  /** What `act` changes may be so or not: who looks at it is told why. */
  assume(why: string, act: () => Promise<unknown>) {
    return this.#sight.assume(why, act)
  }

  get packagesInDoubt() {
    return this.#sight.assuming === undefined ? this.#packages?.doubt : undefined
  }

  doubt(paths: string[], units: string[], why: string) {
    for (const path of paths) this.files.doubt(path, why)
    for (const unit of units) this.#unitDoubts.set(unit, why)
  }

  /** What comes with things that nobody can list. */
  get brought(): readonly string[] {
    return this.#brought
  }

  async run(argv: string[], options?: CommandOptions): Promise<CommandResult> {
    if (!this.#pretending) return this.look(argv, options)
    if (argv.includes('daemon-reload')) this.foreseeReload()
    if (argv[0] === 'systemctl' && argv[1] === 'stop')
      this.foreseeUnit(argv.at(-1) ?? '', { ActiveState: 'inactive', SubState: 'dead' })
    return { exitCode: 0, stdout: '', stderr: '' }
  }

  look: Host['run'] = (argv, options) => {
    this.#sight.hasAsked = true
    return this.#real.run(argv, options)
  }

  foresee(path: string, there: ForeseenPath | null) {
    this.files.foresee(path, there)
  }

  foreseeUnit(name: string, state: Partial<UnitState>) {
    this.#units.set(name, { state: { ...this.#units.get(name)?.state, ...state }, at: this.files.count })
    if (this.#sight.assuming !== undefined) this.#unitDoubts.set(name, this.#sight.assuming)
  }

  foreseeReload() {
    this.#reloadedAt = this.files.count
    if (this.#sight.assuming === undefined) this.#hasReloaded = true
    else this.#reloadDoubt = this.#sight.assuming
  }

  mayBring(what: string, but?: 'packages') {
    this.#brought.push(what)
    this.bringsPackages ||= but === undefined
  }

  readBlob(blob: BlobRef) {
    return this.#real.readBlob(blob)
  }

  keep(bytes: Buffer) {
    return sha256(bytes)
  }

  packages() {
    this.#packages ??= new ForeseenMap(this.#real.packages(), this.#sight, 'hasMissedPackage')
    return this.#packages
  }

  users() {
    this.#users ??= new ForeseenMap(this.#real.users(), this.#sight)
    return this.#users
  }

  groups() {
    this.#groups ??= new ForeseenMap(this.#real.groups(), this.#sight)
    return this.#groups
  }

  /** A plan reads once, and changes what it has read by `effects`. */
  pass() {
    return this
  }

  async unit(name: string): Promise<UnitState> {
    this.#sight.require(this.#unitDoubts.get(name))
    const real = this.#sinceReload(await this.#real.unit(name))
    const { hasMissed } = this.#sight
    const state = this.#withTold(name, { ...real, ...this.#fromFiles(name, real) })
    // Most packages that bring or take units make systemd read all anew.
    this.#sight.hasMissed = hasMissed || state.LoadState === 'not-found' || state.NeedDaemonReload === 'yes'
    return state
  }

  reboot() {}

  changed() {}

  // One reload is for all units, whoever needed it.
  #sinceReload(real: UnitState): UnitState {
    if (real.NeedDaemonReload !== 'yes') return real
    if (this.#hasReloaded) return { ...real, NeedDaemonReload: 'no' }
    this.#sight.require(this.#reloadDoubt)
    return real
  }

  // What systemd will make of unit files that are foreseen to come, to change, or to go.
  #fromFiles(name: string, real: UnitState): Partial<UnitState> {
    const { paths, all } = filesOf(name)
    if (!this.files.isNewer(all, 0)) return {}
    const path = paths.find((one) => this.files.stat(one))
    if (real.LoadState !== 'not-found' && this.files.isNewer(all, this.#reloadedAt)) return { NeedDaemonReload: 'yes' }
    if (path === undefined) return { LoadState: 'not-found', UnitFileState: '', NeedDaemonReload: 'no' }
    return { ...(this.files.isNewer(paths, 0) && this.#loaded(path, name)), NeedDaemonReload: 'no' }
  }

  // What was told of a unit counts no longer for what its files say since then.
  #withTold(name: string, state: UnitState): UnitState {
    const told = this.#units.get(name)
    if (!told) return state
    if (!this.files.isNewer(filesOf(name).all, told.at)) return { ...state, ...told.state }
    const { ActiveState = state.ActiveState, SubState = state.SubState, UnitFileState } = told.state
    const isEnabled = state.LoadState === 'loaded' && UnitFileState === 'enabled'
    return { ...state, ActiveState, SubState, ...(isEnabled && { UnitFileState }) }
  }

  #loaded(path: string, name: string): Partial<UnitState> {
    if (isMask(path, this.files)) return { LoadState: 'masked', UnitFileState: 'masked' }
    const text = this.files.read(path).toString()
    const withoutLink = /^\[Install\]/m.test(text) ? 'disabled' : 'static'
    const UnitFileState = isLinked(name, this.files) ? 'enabled' : withoutLink
    return { LoadState: 'loaded', UnitFileState, Type: /^Type=(.+)$/m.exec(text)?.[1] ?? 'simple' }
  }
}

function filesOf(name: string) {
  const paths = unitFolders.map((folder) => `${folder}/${name}`)
  return { paths, all: paths.flatMap((path) => [path, `${path}.d`]) }
}

function isMask(path: string, files: Files) {
  return files.stat(path)?.kind === 'link' && files.readLink(path) === '/dev/null'
}

/** Whether something on the machine wants the unit: then it is enabled, whatever its file says. */
function isLinked(name: string, files: Files) {
  const [own = ''] = unitFolders
  if (files.stat(own)?.kind !== 'directory') return false
  const folders = files.list(own).filter((folder) => /\.(wants|requires)$/.test(folder))
  return folders.some((folder) => files.stat(`${own}/${folder}/${name}`)?.kind === 'link')
}
