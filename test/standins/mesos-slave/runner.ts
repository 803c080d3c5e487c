import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { log } from '../shared/program.ts'
import { isTerminal, type Status, type TaskInfo, type TaskState } from '../shared/protocol.ts'
import type { Checkpoint, Run } from './checkpoint.ts'

/** Where the package lays the little shell script that outlives the agent and notes how a command ended. */
const executor = '/usr/libexec/mesos/mesos-executor'

interface Options {
  checkpoint: Checkpoint
  containerizers: string[]
  docker: string
  switchUser: boolean
  hostname: string
  updated: (status: Status) => void
}

/** Runs tasks as processes that live on without the agent. */
export class Runner {
  readonly #runs = new Map<string, Run>()
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
    setInterval(() => this.#look(), 500)
  }

  /** Finds again what ran before this agent was started. */
  recover() {
    for (const run of this.#options.checkpoint.runs()) this.#runs.set(run.taskId, run)
    this.#look()
    log(`Recovered ${this.#runs.size} tasks`)
  }

  tasks(): Run[] {
    return [...this.#runs.values()].filter(({ acknowledged }) => !acknowledged)
  }

  live() {
    return this.tasks().filter(({ state }) => !isTerminal(state))
  }

  launch(info: TaskInfo) {
    if (this.#runs.has(info.taskId)) return
    const sandbox = this.#sandboxOf(info)
    const run: Run = {
      ...info,
      state: 'TASK_STARTING',
      message: '',
      at: Date.now() / 1000,
      pid: 0,
      startTime: '',
      sandbox,
      killed: false,
      acknowledged: false,
    }
    this.#runs.set(info.taskId, run)
    this.#become(run, 'TASK_STARTING', '')
    try {
      this.#start(run)
      this.#become(run, 'TASK_RUNNING', '')
    } catch (error) {
      this.#become(run, 'TASK_FAILED', error instanceof Error ? error.message : String(error))
    }
  }

  kill(taskId: string) {
    const run = this.#runs.get(taskId)
    if (!run || isTerminal(run.state)) return
    if (run.killed) return
    run.killed = true
    this.#become(run, 'TASK_KILLING', '')
    signalGroup(run, 'SIGTERM')
    setTimeout(() => {
      if (!isTerminal(run.state)) signalGroup(run, 'SIGKILL')
    }, run.killGraceMs)
  }

  /** A master knows its end: it need not be told again. */
  acknowledge(taskId: string) {
    const run = this.#runs.get(taskId)
    if (!run || !isTerminal(run.state)) return
    this.#runs.delete(taskId)
    this.#options.checkpoint.dropRun(run)
  }

  #start(run: Run) {
    const { containerizers, switchUser } = this.#options
    const argv = run.image === undefined ? commandOf(run) : this.#dockerOf(run)
    const kind = run.image === undefined ? 'mesos' : 'docker'
    if (!containerizers.includes(kind))
      throw new Error(
        `None of the enabled containerizers (${containerizers.join(', ')}) could create a container for the provided TaskInfo`,
      )
    const user: User | undefined = switchUser && kind === 'mesos' ? userOf(run.user) : undefined
    mkdirSync(run.sandbox, { recursive: true })
    if (user) chownSync(run.sandbox, user.uid, user.gid)
    const [out, err] = ['stdout', 'stderr'].map((name) => openSync(join(run.sandbox, name), 'a'))
    const child = spawn('/bin/sh', [executor, join(run.sandbox, '.exit'), ...argv], {
      cwd: run.sandbox,
      env: this.#environmentOf(run),
      detached: true,
      stdio: ['ignore', out, err],
      ...user,
    })
    for (const file of [out, err]) if (file !== undefined) closeSync(file)
    child.on('error', (error) => this.#become(run, 'TASK_FAILED', error.message))
    child.unref()
    run.pid = child.pid ?? 0
    run.startTime = startTimeOf(run.pid) ?? ''
  }

  #dockerOf(run: Run): string[] {
    const { image = '', published = [] } = run
    const net = published.length > 0 ? 'bridge' : 'host'
    const ports = published.flatMap(({ hostPort, containerPort, protocol }) => [
      '-p',
      `${hostPort}:${containerPort}/${protocol}`,
    ])
    const env = Object.entries(run.env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const command = run.cmd === undefined ? (run.args ?? []) : ['/bin/sh', '-c', run.cmd]
    return [
      this.#options.docker,
      'run',
      '--rm',
      '--init',
      `--net=${net}`,
      `--name=mesos-${run.taskId}`,
      ...ports,
      ...env,
      image,
      ...command,
    ]
  }

  #environmentOf(run: Run) {
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...run.env,
      MESOS_TASK_ID: run.taskId,
      MESOS_SANDBOX: run.sandbox,
      MESOS_DIRECTORY: run.sandbox,
      MESOS_AGENT_ID: run.agentId,
      MESOS_FRAMEWORK_ID: run.frameworkId,
    }
  }

  #sandboxOf({ agentId, frameworkId, taskId }: TaskInfo) {
    const { workDir } = this.#options.checkpoint
    return join(workDir, 'slaves', agentId, 'frameworks', frameworkId, 'executors', taskId, 'runs', 'latest')
  }

  #look() {
    for (const run of this.#runs.values()) {
      if (run.pid === 0 || isTerminal(run.state) || startTimeOf(run.pid) === run.startTime) continue
      const [state, message] = endOf(run)
      this.#become(run, state, message)
    }
  }

  #become(run: Run, state: TaskState, message: string) {
    Object.assign(run, { state, message, at: Date.now() / 1000 })
    this.#options.checkpoint.keepRun(run)
    if (isTerminal(state)) log(`Task ${run.taskId} is ${state}: ${message}`)
    this.#options.updated({ taskId: run.taskId, agentId: run.agentId, state, message, at: run.at })
  }
}

function commandOf({ cmd, args = [] }: TaskInfo) {
  return cmd === undefined ? args : ['/bin/sh', '-c', cmd]
}

function endOf({ sandbox, killed }: Run): [TaskState, string] {
  const file = join(sandbox, '.exit')
  const said = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  const code = said === '' ? undefined : Number(said)
  if (killed) return ['TASK_KILLED', 'Command terminated with signal Terminated']
  if (code === 0) return ['TASK_FINISHED', 'Command exited with status 0']
  if (code === undefined) return ['TASK_FAILED', 'Executor terminated']
  return code > 128
    ? ['TASK_FAILED', `Command terminated with signal ${code - 128}`]
    : ['TASK_FAILED', `Command exited with status ${code}`]
}

function signalGroup({ pid, startTime }: Run, signal: NodeJS.Signals) {
  if (pid === 0 || startTimeOf(pid) !== startTime) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    log(`Process group ${pid} took no ${signal}: ${String(error)}`)
  }
}

/** None when no such process runs; a zombie does not. */
function startTimeOf(pid: number): string | undefined {
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return undefined
  try {
    const fields = readFileSync(stat, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

interface User {
  uid: number
  gid: number
}

function userOf(name: string): User {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':')
    if (user === name) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`Failed to get user information for '${name}': no such user on this agent`)
}
