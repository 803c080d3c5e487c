import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../../protocol/errors.ts'
import type { BridgeConfig } from '../config.ts'
import { readIfThere, replaceFile } from '../files.ts'
import type { Layout } from '../model/layout.ts'
import { carryOut, commandsFor, type Info, readInfo, readSlots } from './admin.ts'
import { ask } from './socket.ts'

/** haproxy does not take it. */
export class Invalid extends Error {
  override name = 'Invalid'
  /** The lines that it names. */
  readonly lines: number[]
  /** Whose lines they are. */
  app: string | undefined

  constructor(said: string) {
    super(`haproxy does not accept the configuration: ${firstAlert(said)}`)
    this.lines = [...said.matchAll(/\[[^[\]]*:(\d+)\]/g)].map(([, line]) => Number(line))
  }
}

/** The HAProxy of this node, to which all of its configuration is given. */
export class Haproxy {
  readonly #config: BridgeConfig['haproxy']
  /** What came of the last look that failed. */
  #whyNot = ''

  constructor(config: BridgeConfig['haproxy']) {
    this.#config = config
  }

  /** Undefined where it does not run, or does not let us in. */
  async info(): Promise<Info | undefined> {
    try {
      return await readInfo(this.#config.adminSocket)
    } catch (error) {
      this.#whyNot = messageOf(error)
      return undefined
    }
  }

  slots() {
    return readSlots(this.#config.adminSocket)
  }

  /** Gives how much had to be said. */
  async setSlots(current: Layout, wanted: Layout): Promise<number> {
    const commands = commandsFor(current, wanted)
    await carryOut(this.#config.adminSocket, commands)
    return commands.length
  }

  configText() {
    return readIfThere(this.#config.configFile)
  }

  /** In place only if haproxy accepts it. */
  async replaceConfig(text: string) {
    await replaceFile(this.#config.configFile, text, (candidate) => this.#check(candidate))
  }

  /** Whether it would. Nothing is put in place. */
  async accepts(text: string) {
    const path = `${this.#config.configFile}.tried`
    try {
      await replaceFile(path, text, (candidate) => this.#check(candidate))
      return true
    } catch (error) {
      if (error instanceof Invalid) return false
      throw error
    } finally {
      await rm(path, { force: true })
    }
  }

  #check(candidate: string): Promise<void> {
    const argv = ['-c', '-f', candidate]
    return new Promise((resolve, reject) => {
      execFile(this.#config.program, argv, { timeout: 30_000 }, (error, stdout, stderr) => {
        if (!error) resolve()
        else if (typeof error.code === 'number') reject(new Invalid(`${stdout}${stderr}`))
        else reject(new Error(`${this.#config.program} cannot be asked: ${messageOf(error)}`, { cause: error }))
      })
    })
  }

  /** The new worker takes over the listening sockets and what is known of the servers' health; the old one ends with its connections. */
  async reload(before: Info, state: string) {
    await replaceFile(this.#config.stateFile, state)
    try {
      const failed = await this.#failedReloads()
      const told = await ask(this.#config.masterSocket, 'reload')
      if (told.includes('Success=0')) throw new Error(`haproxy did not reload: ${firstAlert(told)}`)
      await this.#untilReloaded(before, failed)
    } finally {
      // What it says is soon wrong, and haproxy would believe it at its next start.
      await rm(this.#config.stateFile, { force: true })
    }
  }

  /** Without asking haproxy: it had it before. */
  async putBack(text: string) {
    await replaceFile(this.#config.configFile, text)
  }

  forgetState() {
    return rm(this.#config.stateFile, { force: true })
  }

  /** For one that lets us in only with our configuration: what Debian's package starts with does not. */
  async begin() {
    const failed = await this.#failedReloads().catch((error: unknown) => {
      const why = `${this.#config.masterSocket}: ${messageOf(error)}`
      throw new Error(`haproxy does not run. Its configuration is in place; see: journalctl -u haproxy. ${why}`, {
        cause: error,
      })
    })
    await ask(this.#config.masterSocket, 'reload')
    await this.#untilReloaded(undefined, failed)
  }

  /** How often the master has kept its old worker, as the new one could not begin. */
  async #failedReloads() {
    const told = await ask(this.#config.masterSocket, 'show proc')
    return Number(/\[failed: (\d+)\]/.exec(told)?.[1] ?? 0)
  }

  async #untilReloaded(before: Info | undefined, failed: number) {
    const deadline = performance.now() + 15_000
    for (;;) {
      const info = await this.info()
      if (info && info.pid !== before?.pid) return
      // While it begins anew, the master does not answer.
      const now = await this.#failedReloads().catch(() => failed)
      if (now > failed) throw new Error('haproxy did not reload, and goes on as it was; see: journalctl -u haproxy')
      if (performance.now() > deadline) throw new Error(`waited 15 s for haproxy to have a new worker. ${this.#whyNot}`)
      await pause(20)
    }
  }

  /** The ports of apps where it listens. */
  async listening(): Promise<Set<number>> {
    const told = await ask(this.#config.adminSocket, 'show stat -1 1 -1')
    return new Set([...told.matchAll(/^port:(\d+),FRONTEND/gm)].map(([, port]) => Number(port)))
  }
}

function firstAlert(said: string) {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const [alert = lines.at(-1) ?? 'it says nothing'] = lines.filter((line) => line.includes('[ALERT]'))
  return alert.replace(/^\[ALERT\]\s*\(\d+\)\s*:\s*/, '').slice(0, 300)
}
