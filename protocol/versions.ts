/** The protocol as one side speaks it: `MAJOR.MINOR`, of one major version the minor ones from `oldest` to `newest`. */
export interface Spoken {
  major: number
  oldest: number
  newest: number
}

/**
 * What this release speaks: the newest protocol and the one before it, so that servers and agents one minor version apart understand each other. With another
 * major number nobody does: it is in what agents sign, too.
 */
export const spoken: Spoken = { major: 1, oldest: 0, newest: 1 }

/** From which minor version on something may be said; what is not named here may be said in each. */
export const since = { upgrade: 1 } as const

/**
 * The names under which the versions are offered and chosen as the WebSocket's subprotocol, before a word is said (RFC 6455 §1.9). The oldest comes first:
 * a server of before there was a choice takes the first that it is offered, and speaks 1.0.
 */
export function offerOf({ major, oldest, newest }: Spoken = spoken) {
  return Array.from({ length: newest - oldest + 1 }, (_, index) => nameOf(major, oldest + index))
}

/** The newest that both speak; of those offered the first where there is none, so that the other side can be told why. */
export function choose(offered: Iterable<string>, ours: Spoken = spoken) {
  const all = [...offered]
  const known = all.filter((name) => minorOf(name, ours) !== undefined)
  const newest = known.toSorted((one, other) => (minorOf(other, ours) ?? 0) - (minorOf(one, ours) ?? 0))
  return newest[0] ?? all[0]
}

/** The minor version of that name, if it is spoken here. Who offers nothing is of before there was a choice. */
export function minorOf(name: string, { major, oldest, newest }: Spoken = spoken) {
  if (name === '') return major === 1 && oldest === 0 ? 0 : undefined
  const [, ofMajor, minor] = /^trivet\.(\d+)\.(\d+)$/.exec(name) ?? []
  const isSpoken = Number(ofMajor) === major && Number(minor) >= oldest && Number(minor) <= newest
  return isSpoken ? Number(minor) : undefined
}

/** Why an agent that offers these cannot be spoken with, and what to do; it fits into a close frame. */
export function whyOther(offered: string[], ours: Spoken = spoken) {
  const [first = '1.0', last = first] = [offered[0], offered.at(-1)].map((name) => name?.replace(/^trivet\./, ''))
  const theirs = first === last ? first : `${first} to ${last}`
  const next = isOlder(last, ours) ? 'Next: install the agent anew' : 'Next: upgrade the server'
  return `this server speaks protocol ${ours.major}.${ours.oldest} to ${ours.major}.${ours.newest}, this agent ${theirs.slice(0, 20)}. ${next}`
}

function isOlder(version: string, { major, oldest }: Spoken) {
  const [theirMajor = 0, theirMinor = 0] = version.split('.').map(Number)
  return theirMajor < major || (theirMajor === major && theirMinor < oldest)
}

function nameOf(major: number, minor: number) {
  return `trivet.${major}.${minor}`
}
