import { stripVTControlCharacters } from 'node:util'

/** How far the user data of a machine came, as it told on the console. */
export interface Boot {
  /** The last phase that it began; undefined where nothing of it is there (yet). `joined` is the end. */
  phase?: string
  /** It gave up in that phase. */
  failed: boolean
  /** What it said of that phase: why it failed, or what it waits for. */
  reason: string[]
}

const told = /trivet-boot: (?:(phase) (\S+)|(failed) in (\S+) .*|\| (.*))$/

/** Reads console output; where the machine booted several times, the last boot counts. */
export function readBoot(output: string): Boot {
  const boot: Boot = { failed: false, reason: [] }
  for (const line of linesOf(output)) {
    const [, begun, phase, failed, failedIn, quoted] = told.exec(line) ?? []
    if (begun && phase) Object.assign(boot, { phase, failed: false, reason: [] })
    else if (failed && failedIn) Object.assign(boot, { phase: failedIn, failed: true, reason: [] })
    else if (quoted !== undefined) boot.reason.push(quoted)
  }
  return boot
}

/** For people: the phase, its reason, and the last console lines. */
export function describeBoot(output: string, count = 10): string {
  const { phase, failed, reason } = readBoot(output)
  const last = linesOf(output).slice(-count)
  if (last.length === 0) return 'its console shows nothing yet'
  const head =
    phase === undefined
      ? 'its console shows nothing of its user data'
      : failed
        ? `its boot failed in phase ${phase}`
        : `its boot came to phase ${phase}`
  return [head, ...reason, 'The last lines of its console:', ...last]
    .map((line, at) => (at ? `  ${line}` : line))
    .join('\n')
}

function linesOf(output: string): string[] {
  return stripVTControlCharacters(output)
    .split(/\r?\n|\r/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}
