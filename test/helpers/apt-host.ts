import type { CommandResult } from '../../resources/host.ts'
import { FakeHost } from './converges.ts'

/** What apt and dpkg do to the table of packages. */
export class AptHost extends FakeHost {
  sources = new Map<string, string[]>()
  afterUpdate = new Map<string, string[]>()
  /** Package and version in files. */
  debs = new Map<string, [name: string, version: string]>()
  /** What apt says that it would do, by its operands. */
  simulated = new Map<string, string>()
  answer: (line: string) => Partial<CommandResult> = () => ({})

  override async run(argv: string[], options = {}) {
    const line = argv.join(' ')
    await super.run(argv, options)
    const answer = this.answer(line)
    if (answer.exitCode) return { exitCode: 0, stdout: '', stderr: '', ...answer }
    const operands = argv.includes('--') ? argv.slice(argv.indexOf('--') + 1) : []
    if (argv[0] === 'dpkg-deb') return this.#fields(argv[2] ?? '')
    if (argv.includes('show')) return { exitCode: 0, stderr: '', stdout: operands.map(stanzaOf).join('\n\n') }
    if (argv[0] === 'apt-cache')
      return { exitCode: 0, stderr: '', stdout: operands.map((name) => this.#policy(name)).join('') }
    if (argv[0] === 'apt-mark') return this.#mark(argv[1] === 'hold', operands)
    if (argv.includes('--simulate'))
      return { exitCode: 0, stderr: '', stdout: this.simulated.get(operands.join(' ')) ?? '' }
    if (line.endsWith(' update')) for (const [name, versions] of this.afterUpdate) this.sources.set(name, versions)
    if (argv[0] === 'dpkg') for (const found of this.installed.values()) found.status = 'installed'
    for (const operand of operands) this.#change(operand, argv.includes('purge'))
    return { exitCode: 0, stdout: '', stderr: '' }
  }

  has(name: string, version = '1.0-1', status = 'installed') {
    this.installed.set(name, { version, status, hold: this.installed.get(name)?.hold ?? false })
    return this
  }

  offers(...names: string[]) {
    for (const name of names) this.sources.set(name, ['1.0-1', '2.0-1'])
    return this
  }

  #policy(name: string) {
    const versions = this.sources.get(name)
    if (!versions) return ''
    const table = versions.map(
      (version) => `     ${version} 500\n        500 http://deb.example/debian stable/main amd64 Packages\n`,
    )
    return `${name}:\n  Installed: (none)\n  Candidate: ${versions.at(-1) ?? '(none)'}\n  Version table:\n${table.join('')}`
  }

  #change(operand: string, purge: boolean) {
    const [name = '', version] = this.debs.get(operand) ?? operand.replace(/-$/, '').split('=')
    if (purge) this.installed.delete(name)
    else if (operand.endsWith('-')) this.has(name, '1.0-1', 'config-files')
    else this.has(name, version ?? this.sources.get(name)?.at(-1))
  }

  #fields(deb: string) {
    const [name, version] = this.debs.get(deb) ?? []
    if (!name) return { exitCode: 2, stdout: '', stderr: `dpkg-deb: error: failed to read archive '${deb}'` }
    return { exitCode: 0, stdout: `Package: ${name}\nVersion: ${version}\n`, stderr: '' }
  }

  #mark(hold: boolean, names: string[]) {
    for (const name of names) {
      const found = this.installed.get(name)
      if (found) this.installed.set(name, { ...found, hold })
    }
    return { exitCode: 0, stdout: '', stderr: '' }
  }
}

function stanzaOf(operand: string) {
  const [name, version] = operand.split('=')
  return `Package: ${name}\nVersion: ${version}\nArchitecture: all`
}
