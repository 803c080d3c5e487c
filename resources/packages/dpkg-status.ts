/** What apt says in a simulation that it would do to one package. */
export interface Step {
  verb: 'Inst' | 'Remv' | 'Purg'
  name: string
  /** Of an installation: the new one. */
  version: string
}

export function stepsIn(simulated: string): Step[] {
  return [...simulated.matchAll(/^(Inst|Remv|Purg) (\S+)(?: \[[^\]]*\])?(?: \((\S+) )?/gm)].flatMap(
    ([, verb, name = '', version = '']) =>
      verb === 'Inst' || verb === 'Remv' || verb === 'Purg' ? [{ verb, name, version }] : [],
  )
}

/** The stanzas of dpkg's status file, or of what apt-cache shows, by name; of a foreign architecture under `name:arch`. */
export function stanzasOf(text: string, own = ownArchitecture(text)) {
  const stanzas = text
    .split('\n\n')
    .map((stanza) => stanza.trim())
    .filter(Boolean)
  return new Map(
    stanzas.map((stanza) => {
      const name = fieldOf(stanza, 'Package')
      const arch = fieldOf(stanza, 'Architecture')
      return [arch === 'all' || arch === own ? name : `${name}:${arch}`, stanza]
    }),
  )
}

// dpkg itself is always there, and of the machine's own architecture.
export function ownArchitecture(status: string) {
  return fieldOf(/^Package: dpkg\n(?:.+\n)*/m.exec(status)?.[0] ?? '', 'Architecture')
}

export function withStatus(stanza: string, want: string, is: string) {
  const rest = stanza.replace(/^Status: .*\n?/m, '')
  return `${rest.trim()}\nStatus: ${want} ok ${is}`
}

function fieldOf(stanza: string, field: string) {
  return new RegExp(`^${field}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
}
