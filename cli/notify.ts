import { spawn } from 'node:child_process'
import type { Log } from './command.ts'

/** What systemd tells a unit of Type=notify through its environment, sd_notify(3). */
export interface NotifyEnvironment {
  NOTIFY_SOCKET?: string | undefined
  /** Microseconds. */
  WATCHDOG_USEC?: string | undefined
}

/**
 * Tells systemd that the daemon is ready, and then that it still lives: from a timer of the event loop, so a stuck loop is restarted.
 * Node.js has no datagram socket for it, so systemd-notify speaks for us (the unit has NotifyAccess=all).
 */
export function notifier({ NOTIFY_SOCKET, WATCHDOG_USEC }: NotifyEnvironment, log: Log) {
  if (NOTIFY_SOCKET === undefined) return { ready: () => {}, stop: () => {} }
  const say = (...words: string[]) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...words], {
      env: { NOTIFY_SOCKET, PATH: '/usr/bin:/bin' },
      stdio: 'ignore',
    })
    child.on('error', (error) => log(`systemd-notify cannot be started: ${error.message}`, { level: 'warn' }))
  }
  const everyMs = Number(WATCHDOG_USEC ?? 0) / 1000 / 3
  const timer = everyMs > 0 ? setInterval(() => say('WATCHDOG=1'), everyMs) : undefined
  return { ready: () => say('--ready'), stop: () => clearInterval(timer) }
}
