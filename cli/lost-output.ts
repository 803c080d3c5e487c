import type { Writable } from 'node:stream'
import { hasCode } from '../protocol/errors.ts'
import type { Sink } from './output.ts'
import { cannotWrite } from './write-safely.ts'

/** Ends a program that can print no more: quietly where nobody reads any longer (`trivet run list | head`), as the signal SIGPIPE would. */
export function endWithOutput(name: string, stdout: Writable, stderr: Sink, end: (code: number) => void) {
  stdout.on('error', (error) => {
    if (hasCode(error, 'EPIPE')) return end(141)
    stderr.write(`${name}: ${cannotWrite('the output', error).message}\n`)
    end(1)
  })
}
