import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import type { AgentInfo, Task } from '../shared/protocol.ts'

/** A task with the process that runs it. */
export interface Run extends Task {
  pid: number
  /** Of the process, in ticks since boot: a pid comes again, both together do not. */
  startTime: string
  sandbox: string
  killed: boolean
  /** A master knows how it ended. */
  acknowledged: boolean
}

/** What an agent keeps under its work_dir, so that it is the same one after a restart. */
export class Checkpoint {
  readonly #meta: string
  readonly workDir: string
  id: string | undefined

  constructor(workDir: string) {
    this.workDir = workDir
    this.#meta = join(workDir, 'meta')
    mkdirSync(join(this.#meta, 'slaves'), { recursive: true })
  }

  /** The agent that this one was before; none on a fresh one, and after its `latest` was removed. */
  recover(): AgentInfo | undefined {
    const latest = this.#latest
    if (!existsSync(latest)) return undefined
    this.id = basename(readlinkSync(latest))
    return JSON.parse(readFileSync(join(latest, 'slave.info'), 'utf8'))
  }

  /** The machine was booted since the checkpoint: nothing of its tasks is alive. */
  get isOfEarlierBoot() {
    const file = join(this.#meta, 'boot_id')
    return existsSync(file) && readFileSync(file, 'utf8') !== bootId()
  }

  /** What a boot makes void. */
  forget() {
    rmSync(this.#latest, { force: true })
    this.id = undefined
  }

  keep(id: string, info: AgentInfo) {
    const folder = join(this.#meta, 'slaves', id)
    mkdirSync(join(folder, 'tasks'), { recursive: true })
    write(join(folder, 'slave.info'), info)
    rmSync(this.#latest, { force: true })
    symlinkSync(id, this.#latest)
    writeFileSync(join(this.#meta, 'boot_id'), bootId())
    this.id = id
  }

  runs(): Run[] {
    if (this.id === undefined) return []
    const folder = this.#tasks
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  }

  keepRun(run: Run) {
    write(join(this.#tasks, `${run.taskId}.json`), run)
  }

  dropRun({ taskId }: Run) {
    rmSync(join(this.#tasks, `${taskId}.json`), { force: true })
  }

  get #latest() {
    return join(this.#meta, 'slaves', 'latest')
  }

  get #tasks() {
    return join(this.#meta, 'slaves', this.id ?? '', 'tasks')
  }
}

function write(path: string, content: object) {
  writeFileSync(`${path}.new`, JSON.stringify(content))
  renameSync(`${path}.new`, path)
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

const known: (keyof AgentInfo)[] = ['hostname', 'port', 'resources', 'attributes']

/** What the agent was and is not any more, where the policy does not allow that; nothing where it may go on. */
export function incompatibility(old: AgentInfo, now: AgentInfo, policy: string): string | undefined {
  const changed = known.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))
  const allowed = policy === 'additive' ? changed.filter((key) => !isAddition(key, old, now)) : changed
  if (allowed.length === 0) return undefined
  const show = (info: AgentInfo) => allowed.map((key) => `${key}: ${JSON.stringify(info[key])}`).join('\n')
  return `Incompatible agent info detected.
------------------------------------------------------------
Old agent info:
${show(old)}
New agent info:
${show(now)}
------------------------------------------------------------`
}

/** More of what it had, and nothing less. */
function isAddition(key: keyof AgentInfo, old: AgentInfo, now: AgentInfo) {
  if (key === 'attributes')
    return Object.entries(old.attributes).every(([name, value]) => now.attributes[name] === value)
  if (key !== 'resources') return false
  const scalars = ['cpus', 'mem', 'disk', 'gpus'] as const
  const hasPorts = old.resources.ports.every(([low, high]) =>
    now.resources.ports.some(([from, to]) => from <= low && high <= to),
  )
  return hasPorts && scalars.every((name) => now.resources[name] >= old.resources[name])
}
