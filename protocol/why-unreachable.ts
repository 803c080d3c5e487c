import { codeOf, messageOf } from './errors.ts'

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there. Is the server running, and the address right?',
  ENOTFOUND: 'there is no such name. Is the address right, and DNS working?',
  EAI_AGAIN: 'its name cannot be looked up now. Is DNS working?',
  EHOSTUNREACH: 'there is no way to that host. Is the network up?',
  ETIMEDOUT: 'it does not answer. Is a firewall in between?',
  ECONNRESET: 'it cut the connection. Was the server stopped, or is it no Trivet server?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS. Is it a Trivet server?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS. Is it a Trivet server?',
}

/** Why a connection could not be made, and what to look at. `more` adds reasons by the code of the error. */
export function whyUnreachable(error: unknown, more: Record<string, string> = {}) {
  return { ...reasons, ...more }[codeOf(error) ?? ''] ?? messageOf(error)
}
