import { output, type Runner } from './apt.ts'
import { ownArchitecture, stanzasOf, type Step, withStatus } from './dpkg-status.ts'
import type { CommandOptions, Foreseen, Host } from '../host.ts'

/** What a plan leaves for apt to read; the next converge that changes packages removes it. */
const folder = '/var/cache/trivet-agent/apt'
const lists = `${folder}/lists`
const status = `${folder}/status`

const plans = new WeakMap<Foreseen, PlannedApt>()

/** The one apt of a plan. */
export function plannedApt(foreseen: Foreseen) {
  const apt = plans.get(foreseen) ?? new PlannedApt(foreseen)
  plans.set(foreseen, apt)
  return apt
}

export function forgetPlans({ files }: Host) {
  if (files.stat(folder)) files.removeTree(folder)
}

/**
 * apt as a plan may ask it: it only simulates, on packages as the plan foresees them. Where a converge would fetch the lists anew, they are
 * fetched into a folder aside: so what is called missing is missing in truth, and the machine stays as it is.
 */
class PlannedApt implements Runner {
  readonly #foreseen: Foreseen
  #hasLists = false
  /** dpkg's status as it will be, by package; undefined: as it is. */
  #stanzas: Map<string, string> | undefined

  constructor(foreseen: Foreseen) {
    this.#foreseen = foreseen
  }

  run: Host['run'] = async (argv) => {
    const [program = '', ...rest] = argv
    if (rest.at(-1) === 'update') return this.#fetchLists(argv)
    if (program === 'dpkg-deb') return this.#foreseen.look(argv)
    if (program !== 'apt-cache' && !rest.includes('--simulate'))
      throw new Error(`a plan does not run ${argv.join(' ')}`)
    return this.#foreseen.look([program, ...this.#settings(), ...rest])
  }

  /** What is asked next is answered as if apt had done this. `debs`: the files of packages that no list has. */
  async take(steps: Step[], debs: Map<string, string>) {
    const stanzas = this.#stanzasNow()
    const coming = await this.#show(steps, debs)
    for (const { verb, name } of steps) {
      const stanza = stanzas.get(name) ?? ''
      const want = /^Status: hold /m.test(stanza) ? 'hold' : 'install'
      if (verb === 'Inst') stanzas.set(name, withStatus(coming.get(name) ?? '', want, 'installed'))
      else if (verb === 'Remv') stanzas.set(name, withStatus(stanza, 'deinstall', 'config-files'))
      else stanzas.delete(name)
    }
    await this.#write(stanzas)
  }

  async setHold(name: string, hold: boolean) {
    const stanzas = this.#stanzasNow()
    const stanza = stanzas.get(name)
    if (stanza === undefined) return
    const [, is = ''] = /^Status: \S+ ok (\S+)$/m.exec(stanza) ?? []
    stanzas.set(name, withStatus(stanza, hold ? 'hold' : is === 'installed' ? 'install' : 'deinstall', is))
    await this.#write(stanzas)
  }

  /** The control fields of what would be installed. */
  async #show(steps: Step[], debs: Map<string, string>) {
    const coming = steps.filter(({ verb }) => verb === 'Inst')
    const listed = coming.filter(({ name }) => !debs.has(name)).map(({ name, version }) => `${name}=${version}`)
    const shown = listed.length > 0 ? [await output(this, ['apt-cache', 'show', '--', ...listed])] : []
    for (const { name } of coming) {
      const path = debs.get(name)
      if (path !== undefined) shown.push(await output(this, ['dpkg-deb', '--field', path]))
    }
    return stanzasOf(shown.join('\n\n'), ownArchitecture(this.#statusNow()))
  }

  #stanzasNow() {
    return this.#stanzas ?? stanzasOf(this.#statusNow())
  }

  #statusNow() {
    return this.#foreseen.files.read('/var/lib/dpkg/status').toString()
  }

  async #write(stanzas: Map<string, string>) {
    await this.#look(['mkdir', '--parents', '--', folder])
    await this.#look(['dd', 'status=none', `of=${status}`], { input: [...stanzas.values(), ''].join('\n\n') })
    this.#stanzas = stanzas
  }

  // What the machine has is copied first: of a source that does not answer, its old lists count on, as they would for a converge.
  async #fetchLists([program = '', ...rest]: string[]) {
    await this.#look(['mkdir', '--parents', '--', `${lists}/partial`])
    await this.#look(['cp', '--archive', '--update', '--', '/var/lib/apt/lists/.', lists])
    this.#hasLists = true
    return this.#foreseen.look([program, ...this.#settings(), ...rest])
  }

  #look(argv: string[], options?: CommandOptions) {
    return output({ run: this.#foreseen.look }, argv, options)
  }

  #settings() {
    const settings = [
      ...(this.#hasLists ? [`Dir::State::Lists=${lists}`, `Dir::Cache::SrcPkgCache=${folder}/srcpkgcache.bin`] : []),
      ...(this.#stanzas ? [`Dir::State::Status=${status}`] : []),
    ]
    // The machine's own cache is of its own lists and status.
    return [...settings, ...(settings.length > 0 ? ['Dir::Cache::PkgCache='] : [])].flatMap((one) => ['-o', one])
  }
}
