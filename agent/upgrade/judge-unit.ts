import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../resources/host.ts'
import { syncDirectory } from '../../resources/files/write-atomically.ts'
import { writeSynced } from '../kept/state.ts'

const name = 'trivet-upgrade.service'

/**
 * The unit that judges an upgrade. It is there only as long as one is under way, but on disk: so that systemd starts it again after kill -9, and at
 * the next start of the machine, whatever has become of the agent.
 */
export class JudgeUnit {
  readonly #run: Host['run']
  readonly #folder: string
  readonly #wanted: string

  constructor(run: Host['run'], folder = '/etc/systemd/system') {
    this.#run = run
    this.#folder = folder
    this.#wanted = join(folder, 'multi-user.target.wants')
  }

  /** Again where it is there. */
  async begin(program: string, state: string) {
    const path = join(this.#folder, name)
    writeSynced(path, textOf(program, state))
    mkdirSync(this.#wanted, { recursive: true })
    if (!existsSync(join(this.#wanted, name))) symlinkSync(path, join(this.#wanted, name))
    syncDirectory(this.#wanted)
    await this.#systemctl('daemon-reload')
    await this.#systemctl('start', '--no-block', name)
  }

  /** One that runs goes on to its end. */
  async end() {
    if (!existsSync(join(this.#folder, name))) return
    for (const folder of [this.#wanted, this.#folder]) rmSync(join(folder, name), { force: true })
    await this.#systemctl('daemon-reload')
  }

  async #systemctl(...argv: string[]) {
    const { exitCode, stderr } = await this.#run(['systemctl', ...argv], { timeoutMs: 60_000 })
    if (exitCode !== 0) throw new Error(`systemctl ${argv.join(' ')} ended with ${exitCode}: ${stderr.trim()}`)
  }
}

function textOf(program: string, state: string) {
  return `[Unit]
Description=Trivet: sees whether the new agent does its work, and brings the old one back if not
ConditionPathExists=${state.replaceAll('%', '%%')}/upgrade.json
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${quoted(program)} judge --state ${quoted(state)}
Restart=on-failure
RestartSec=1
UMask=0077

[Install]
WantedBy=multi-user.target
`
}

function quoted(word: string) {
  return `"${word.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
}
