import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Where clouds tell a machine its credentials; the last is Amazon's over IPv6. */
const linkLocal = new BlockList()
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4')
linkLocal.addSubnet('fe80::', 10, 'ipv6')
linkLocal.addAddress('fd00:ec2::254', 'ipv6')

/** Why nothing is sent to an address; undefined where it may be. */
export function whyNotTo(host: string): string | undefined {
  // As a URL has it, and as the resolver tells the interface.
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*/, '')
  const family = isIP(address)
  if (family === 0 || !linkLocal.check(address, family === 4 ? 'ipv4' : 'ipv6')) return undefined
  return `${address} is a link-local address, where clouds keep credentials. If a webhook is to be told there, start the server with --link-local-webhooks`
}

/** A name is resolved once, for the look at its addresses and for the connection. */
export const lookUpOthers: LookupFunction = (hostname, options, callback) =>
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    const why = addresses.map(({ address }) => whyNotTo(address)).find(Boolean)
    const [first] = addresses
    if (!first) return callback(new Error(`${hostname} has no address`), [])
    if (why !== undefined) return callback(new Error(`${hostname}: ${why}`), [])
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
  })
