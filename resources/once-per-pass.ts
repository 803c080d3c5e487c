import type { Host } from './host.ts'

/** A bulk read of a type's own, such as all RPMs, made once for all that look in one pass. */
export function oncePerPass<Read>(read: (host: Host) => Read): (host: Host) => Read {
  const known = new WeakMap<object, { reading: Read }>()
  return (host) => {
    const pass = host.pass()
    const { reading } = known.get(pass) ?? { reading: read(host) }
    known.set(pass, { reading })
    return reading
  }
}
