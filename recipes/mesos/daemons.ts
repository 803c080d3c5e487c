import { z } from 'zod'
import { minorOf, type Vocabulary } from './flags.ts'
import { masterFlags, masterFlags2014 } from './master-flags.ts'
import { slaveFlags, slaveFlags2014 } from './slave-flags.ts'

export const kinds: ('master' | 'slave')[] = ['master', 'slave']
type Kind = (typeof kinds)[number]

/** Where an archive is unpacked. */
export const unpacked = '/opt/mesos'

/** What the daemons need to know, of what `attributesOf('mesos')` gives. */
export const Mesos = z.object({
  version: z.string(),
  source: z.object({ archive: z.unknown().optional() }),
  zkPath: z.string(),
  workDir: z.string(),
  logDir: z.string(),
})

/** The daemon may start once it is there. */
export function readyFile(kind: Kind) {
  return `/etc/mesos/mesos-${kind}.ready`
}

export function isOf2014(version: string) {
  return minorOf(version) < minorOf('1.0')
}

export function vocabularyOf(kind: Kind, version: string): Vocabulary {
  const [now, then] = kind === 'master' ? [masterFlags, masterFlags2014] : [slaveFlags, slaveFlags2014]
  return { program: `mesos-${kind}`, version, flags: isOf2014(version) ? then : now }
}

/** What neither daemon takes as a flag from a person, and what to set instead. */
export const takenByBoth = {
  port: 'set the attribute port',
  work_dir: 'set mesos.workDir',
  log_dir: 'set mesos.logDir, as /etc/default/mesos has it',
  help: 'it would only print and end',
  version: 'it would only print and end',
}

/** As the wrapper of the packages takes them: a file for each flag. */
export function asFiles(flags: Record<string, string>, text: (content: string) => { sha256: string; bytes: number }) {
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, text(`${value}\n`)]))
}

/** As systemd reads them for a daemon that is started without the wrapper. */
export function asEnvironment(recipe: string, flags: Record<string, string>) {
  const lines = Object.entries(flags).map(([name, value]) => `MESOS_${name.toUpperCase()}=${quoted(value)}\n`)
  return `# Managed by Trivet, recipe ${recipe}.\n${lines.join('')}`
}

/** As systemd and a shell read it alike. */
export function quoted(value: string) {
  return /^[\w.,:/@-]*$/.test(value) ? value : `"${value.replaceAll(/["\\`$]/g, '\\$&')}"`
}
