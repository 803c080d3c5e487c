import { X509Certificate } from 'node:crypto'
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { sha256 } from './catalog.ts'
import { serverName } from './enrolment.ts'
import { whyUnreachable } from './why-unreachable.ts'

/** The server could not be reached, or is not the one that the token names. */
export class PinError extends Error {
  override name = 'PinError'
}

/**
 * The PEM of the server's CA certificate, once its SHA-256 is the one that the token carries.
 * Nothing is sent before but the handshake: what a stranger learns is that somebody called.
 */
export async function fetchCa(url: string, sha256OfCa: string, timeoutMs = 10_000): Promise<string> {
  const chain = await readChain(new URL(url), timeoutMs)
  const ca = chain.find(isSelfSignedCa)
  if (!ca) throw new PinError(`${url} shows no CA certificate. Is it a Trivet server, and not a proxy in front of one?`)
  const got = sha256(ca.raw)
  if (got !== sha256OfCa) {
    throw new PinError(
      `${url} is not the server that the token was made by: its CA has SHA-256 ${got}, the token expects ${sha256OfCa}. ` +
        'The address belongs to another server, the server was set up anew (then ask it for a new token), ' +
        'or somebody stands in between. Nothing was sent.',
    )
  }
  return ca.toString()
}

function readChain(url: URL, timeoutMs: number): Promise<X509Certificate[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    // Nobody is trusted yet: the hash decides, and every later connection verifies against the CA got here.
    const socket = connect({ host, port: Number(url.port || 443), servername: serverName, rejectUnauthorized: false })
    const timer = setTimeout(() => {
      socket.destroy(new PinError(`${url.origin} did not answer within ${timeoutMs / 1000} s. Is the address right?`))
    }, timeoutMs)
    socket.once('secureConnect', () => {
      resolve(chainOf(socket))
      socket.end()
    })
    socket.once('error', (error) => reject(unreachable(url, error)))
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new PinError(`${url.origin} closed the connection before it said who it is.`))
    })
  })
}

function chainOf(socket: TLSSocket) {
  const chain: X509Certificate[] = []
  const seen = new Set<DetailedPeerCertificate>()
  let peer: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (peer?.raw && !seen.has(peer)) {
    seen.add(peer)
    chain.push(new X509Certificate(peer.raw))
    peer = peer.issuerCertificate
  }
  return chain
}

function isSelfSignedCa(certificate: X509Certificate) {
  return certificate.ca && certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
}

function unreachable(url: URL, error: unknown) {
  if (error instanceof PinError) return error
  return new PinError(`Cannot reach ${url.origin}: ${whyUnreachable(error)}`, { cause: error })
}
