import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { stateIn } from '../../../agent/kept/state.ts'
import { upgradeIn } from '../../../agent/upgrade/intent.ts'
import { Slots } from '../../../agent/upgrade/slots.ts'
import { Upgrades, type UpgradesOptions } from '../../../agent/upgrade/upgrades.ts'
import type { AgentMessage, ServerMessage } from '../../../protocol/messages.ts'

export const order: ServerMessage & { type: 'upgrade' } = {
  type: 'upgrade',
  id: 'o1',
  version: '1.1.0',
  downgrade: false,
  patienceMs: 1000,
  startBy: 0,
}

/** The agent's part in its own upgrade, with what it tells the server and has its unit do. */
export function agent(t: TestContext, given: Partial<UpgradesOptions> = {}, { minor = 1, busy = false } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'test-upgrades-'))
  t.after(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'lib'))
  writeFileSync(join(dir, 'lib/trivet-agent'), '')
  symlinkSync('.', join(dir, 'lib/current'))
  const slots = new Slots(join(dir, 'lib'))
  const state = stateIn(join(dir, 'state'))
  const files = upgradeIn(state)
  const [sent, judges, looks]: [AgentMessage[], string[], string[]] = [[], [], []]
  const stopping = new AbortController()
  /** A run that is under way until then. */
  let endRun: (() => void) | undefined
  let idle = busy ? new Promise<void>((resolve) => (endRun = resolve)) : Promise.resolve()
  const upgrades = new Upgrades(
    {
      state,
      log: () => {},
      version: '1.0.0',
      key: 'a key',
      place: { slots, slot: '.' },
      unit: {
        begin: async (program) => void judges.push(program),
        end: async () => void judges.push('end'),
      },
      stage: async () => 'a',
      hasCatalog: () => true,
      ...given,
    },
    {
      whenIdle: (job) => void (idle = idle.then(job)),
      look: () => void looks.push('look'),
      stopping: stopping.signal,
    },
  )
  const end = upgrades.begin()
  t.after(async () => {
    stopping.abort()
    endRun?.()
    await idle
    end()
  })
  const connection = {
    send: (message: AgentMessage) => void sent.push(message),
    close() {},
    minor: () => minor,
    closed: new Promise<never>(() => {}),
  }
  const said = () => sent.map((message) => ('reason' in message ? `${message.type}: ${message.reason}` : message.type))
  const connect = () => upgrades.connected(connection)
  return {
    dir: state.dir,
    upgrades,
    files,
    slots,
    said,
    sent,
    judges,
    looks,
    connect,
    stopping,
    endRun: () => endRun?.(),
  }
}
