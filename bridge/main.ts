import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { notifier, type NotifyEnvironment } from '../cli/notify.ts'
import { CommandError } from '../cli/command.ts'
import { hasCode, messageOf } from '../protocol/errors.ts'
import { Bridge } from './bridge.ts'
import { BridgeConfig } from './config.ts'
import { servePages } from './told/pages.ts'

export interface BridgeAsked {
  config: string
  log: (line: string) => void
  signal: AbortSignal
  environment: NotifyEnvironment
}

/** Runs until the signal comes. */
export async function runBridge({ config: path, log, signal, environment }: BridgeAsked) {
  const config = await readConfig(path)
  const bridge = new Bridge(config, log)
  const { address, port } = config.status
  const pages = await servePages(bridge.status, config.status).catch((error: unknown) => {
    throw new CommandError(`${path}: status: cannot listen on ${address}:${port}: ${messageOf(error)}`, {
      cause: error,
    })
  })
  const systemd = notifier(environment, log)
  log(`tells its status on http://${address}:${port}/status`)
  systemd.ready()
  await bridge.run(signal)
  systemd.stop()
  pages.close()
  pages.closeAllConnections()
}

/** For `--check` too: what is wrong with it is told by its key. */
export async function readConfig(path: string): Promise<BridgeConfig> {
  const wrong = (why: string, cause: unknown) => new CommandError(`${path}: ${why}`, { cause })
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw wrong(hasCode(error, 'ENOENT') ? 'is not there. Recipe haproxy-bridge writes it.' : messageOf(error), error)
  })
  try {
    return BridgeConfig.parse(JSON.parse(text))
  } catch (error) {
    throw wrong(error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error), error)
  }
}
