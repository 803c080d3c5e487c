import { pino } from 'pino'
import type { Log } from './command.ts'

/** How server and agents log: one JSON a line, with no secret in it. */
export const logFormat = {
  base: null,
  redact: ['req.headers.authorization', 'req.headers.cookie', 'secret', 'token', '*.secret', '*.token'],
  timestamp: () => `,"ts":"${new Date().toISOString()}"`,
  formatters: { level: (level: string) => ({ level }) },
}

/** The log of a daemon; what Node.js warns of is told there too. */
export function openLog(to: NodeJS.WritableStream): Log {
  const logger = pino(logFormat, to)
  const log: Log = (line, { level = 'info', ...about } = {}) => logger[level](about, line)
  // Node.js prints warnings by a listener of its own.
  process
    .removeAllListeners('warning')
    .on('warning', ({ name, message }) => log(message, { level: 'warn', warning: name }))
  return log
}
