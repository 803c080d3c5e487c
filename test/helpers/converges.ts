import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { z } from 'zod'
import { realFiles } from '../../resources/files/files.ts'
import { sha256 } from '../../protocol/catalog.ts'
import type { Change } from '../../protocol/events.ts'
import type { ResourceType } from '../../resources/define.ts'
import type { CommandOptions, CommandResult, Host, InstalledPackage, UnitState } from '../../resources/host.ts'

export async function tempDir(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'test-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

type Answer = Partial<CommandResult> | ((options: CommandOptions) => Partial<CommandResult>)

const noUnit: UnitState = {
  LoadState: 'not-found',
  ActiveState: 'inactive',
  SubState: 'dead',
  UnitFileState: '',
  Type: '',
  NeedDaemonReload: 'no',
}

/** A machine of tables: what is in them is what is there, and commands answer from a list and are kept. */
export class FakeHost implements Host {
  files = realFiles
  commands: string[] = []
  options: CommandOptions[] = []
  kept = new Map<string, Buffer>()
  installed = new Map<string, InstalledPackage>()
  units = new Map<string, Partial<UnitState>>()
  accounts = new Map([['root', { uid: 0, gid: 0, comment: 'root', home: '/root', shell: '/bin/bash' }]])
  groupTable = new Map<string, { gid: number; members: string[] }>([['root', { gid: 0, members: [] }]])
  #answers: Record<string, Answer>
  #blobs = new Map<string, Buffer>()

  /** A command without an answer of its own exits with 0 and says nothing. */
  constructor(answers: Record<string, Answer> = {}) {
    this.#answers = answers
  }

  async run(argv: string[], options: CommandOptions = {}) {
    const line = argv.join(' ')
    this.commands.push(line)
    this.options.push(options)
    const answer = this.#answers[line] ?? {}
    return { exitCode: 0, stdout: '', stderr: '', ...(typeof answer === 'function' ? answer(options) : answer) }
  }

  blob(text: string | Buffer) {
    const bytes = Buffer.from(text)
    this.#blobs.set(sha256(bytes), bytes)
    return { sha256: sha256(bytes), bytes: bytes.length }
  }

  readBlob({ sha256: hash }: { sha256: string }) {
    const bytes = this.#blobs.get(hash)
    assert(bytes, `the test gave no blob ${hash}`)
    return bytes
  }

  keep(bytes: Buffer) {
    this.kept.set(sha256(bytes), bytes)
    return sha256(bytes)
  }

  async unit(name: string) {
    return { ...noUnit, ...this.units.get(name) }
  }

  packages = () => this.installed
  users = () => this.accounts
  groups = () => this.groupTable
  /** By name, why it is closed. */
  gates = new Map<string, string>()
  closedGate = (name: string) => this.gates.get(name)
  reboots: string[] = []
  reboot = (reason: string) => void this.reboots.push(reason)
  #pass = {}
  pass = () => this.#pass
  changed() {
    this.#pass = {}
  }
}

/** `mode: 0600 → 0644`, as the console shows it. */
export function shown(changes: Change[]) {
  return changes.map(({ what, from, to }) => `${what}: ${from ?? '-'} → ${to}`)
}

/** What every resource promises: what `check` finds, `apply` mends, and `check` then finds nothing. */
export async function assertConverges<Props extends z.ZodType>(
  resourceType: ResourceType<Props>,
  name: string,
  props: z.input<Props>,
  host: Host,
  expected: string[],
) {
  const want = resourceType.props.parse(props)
  assert.equal(resourceType.name.parse(name), name)
  const changes = await resourceType.check(name, want, host)
  assert.deepEqual(shown(changes), expected)
  await resourceType.apply(name, want, host, changes)
  host.changed()
  assert.deepEqual(await resourceType.check(name, want, host), [], 'a second check still finds changes')
  return changes
}
