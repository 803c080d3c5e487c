import { output, refreshLists, type Runner } from './apt.ts'

/** Of packages and the versions wanted: those that cannot be installed, and why. The lists are fetched anew before anything is called missing. */
export async function whyNotInstallable(wanted: Map<string, string | undefined>, runner: Runner) {
  const failed = new Map<string, Error>()
  if (wanted.size === 0 || missing(wanted, await available([...wanted.keys()], runner)).length === 0) return failed
  const trouble = await refreshLists(runner)
  for (const [name, why] of missing(wanted, await available([...wanted.keys()], runner)))
    failed.set(name, new Error(trouble ? `${why}\nThe lists of packages could not be refreshed: ${trouble}` : why))
  return failed
}

function missing(wanted: Map<string, string | undefined>, known: Map<string, Available>) {
  return [...wanted].flatMap(([name, version]) => {
    const why = whyNot(name, version, known.get(name))
    return why === undefined ? [] : [[name, why] as const]
  })
}

function whyNot(name: string, version: string | undefined, found: Available | undefined) {
  if (!found)
    return `There is no package ${name} in the node's sources. Check its name, or declare its source before it.`
  if (version ? found.versions.includes(version) : found.candidate) return undefined
  if (!found.candidate)
    return `Package ${name} cannot be installed: it is virtual, its source is gone, or a pin forbids it. Name a package that provides it, or lift the pin.`
  return `Package ${name} has no version ${version} in the node's sources. There is: ${found.versions.join(', ') || 'none'}.`
}

interface Available {
  /** Null where nothing can be installed under this name, as with a virtual package. */
  candidate: string | null
  versions: string[]
}

/** What could be installed, by name. A name with a dot that is no package is a pattern to apt: others then stand here too, but not it. */
async function available(names: string[], runner: Runner) {
  const said = await output(runner, ['apt-cache', 'policy', '--', ...names])
  const found = new Map<string, Available>()
  let current: Available | undefined
  for (const line of said.split('\n')) {
    const heading = /^(\S+):$/.exec(line)?.[1]
    const candidate = /^ {2}Candidate: (.+)$/.exec(line)?.[1]
    const version = /^ (?:\*\*\*| {3}) (\S+) -?\d+$/.exec(line)?.[1]
    if (heading) found.set(heading, (current = { candidate: null, versions: [] }))
    if (candidate && candidate !== '(none)' && current) current.candidate = candidate
    if (version) current?.versions.push(version)
  }
  return found
}
