import { CommandError } from '../../cli/command.ts'
import { codeOf, messageOf } from '../../protocol/errors.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { whatNext } from './what-next.ts'

/** What AWS, or the way to it, said to a call: in its own words, with what to do next where that is known. */
export class AwsError extends CommandError {
  /** AWS's own: `InsufficientInstanceCapacity`; or that of the connection: `ECONNRESET`. */
  code: string
  /** AWS's own words. */
  words: string
  /** Whether it may have been done all the same: the answer was lost, or AWS failed on its side. */
  isUndecided: boolean

  constructor(thrown: unknown, call: Call) {
    const told = tellOf(thrown)
    super(sentence(told, call))
    this.code = told.code
    this.words = told.words
    this.isUndecided = told.isUndecided
    this.cause = thrown
  }
}

export interface Call {
  /** `RunInstances` */
  action: string
  /** What it was about: `walking-master-1`, `i-0123456789abcdef0`. */
  target?: string | undefined
  region?: string | undefined
}

interface Told {
  code: string
  words: string
  request?: string | undefined
  isUndecided: boolean
}

function tellOf(thrown: unknown): Told {
  const words = messageOf(thrown)
  const { status, request } = answerOf(thrown)
  const name = thrown instanceof Error ? thrown.name : ''
  if (status === undefined) {
    const code = codeOf(thrown) ?? (name === 'Error' ? '' : name)
    return { code, words, isUndecided: !neverSent.test(`${code} ${words}`) }
  }
  return { code: name, words, request, isUndecided: isUndecidedAnswer(name, status) }
}

/** Nothing has left this machine, or nobody was there to take it. */
const neverSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|\w*Provider\w*Error|InvalidConfiguration\w*) |Region is missing|Could not load credentials/

/** A 5xx that says plainly that nothing was done. */
const decided =
  /^Insufficient|Throttl|^(RequestLimitExceeded|RequestThrottled\w*|SlowDown|BandwidthLimitExceeded|TooManyRequestsException)$/

function isUndecidedAnswer(code: string, status: number) {
  // A 2xx that is an error is an answer that broke off or cannot be read.
  return (status < 300 || status >= 500) && !decided.test(code)
}

export function isThrottled({ code }: AwsError) {
  return decided.test(code) && !code.startsWith('Insufficient')
}

function answerOf(thrown: unknown): { status?: number; request?: string } {
  const metadata = isRecord(thrown) ? thrown['$metadata'] : undefined
  if (!isRecord(metadata)) return {}
  const { httpStatusCode: status, requestId: request } = metadata
  return {
    ...(typeof status === 'number' && { status }),
    ...(typeof request === 'string' && { request }),
  }
}

function sentence({ code, words, request, isUndecided }: Told, { action, target, region }: Call) {
  const where = [target && ` of ${target}`, region && ` in ${region}`].filter(Boolean).join('')
  const ids = [code, request && `request ${request}`].filter(Boolean).join(', ')
  const isChange = !/^(Describe|Get)/.test(action)
  const unsure = isUndecided && isChange && 'Whether it was done is not known. Ask again: it is not done twice.'
  const next = whatNext(code, words) ?? unsure
  return `${action}${where}: ${words}${ids && ` (${ids})`}${next ? `\n${next}` : ''}`
}

/** Whether AWS does not know what was named: after it was made it may not know it for a while. */
export function isUnknownToAws(thrown: unknown): thrown is AwsError {
  return thrown instanceof AwsError && /\.NotFound$|\.Unknown$|^InvalidAMIID\.Unavailable$/.test(thrown.code)
}

export function hasAwsCode(thrown: unknown, ...codes: string[]): thrown is AwsError {
  return thrown instanceof AwsError && codes.includes(thrown.code)
}

const noRoom =
  /^(Server\.)?(Insufficient\w*Capacity\w*|InsufficientFreeAddressesInSubnet|Unsupported|SpotMaxPriceTooLow)$/

/** By the code of a call, or of the reason why a machine is gone that had no room after all. */
export function isNoRoom(code = '') {
  return noRoom.test(code)
}
