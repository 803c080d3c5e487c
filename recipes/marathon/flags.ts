import { flagOf, type FlagValues, flagsFor, minorOf, type Vocabulary } from '../mesos/flags.ts'
import { marathonFlags07, marathonFlags14 } from './marathon-flags-2014.ts'
import { marathonFlags } from './marathon-flags.ts'

/** Up to 1.4 its wrapper reads /etc/marathon/conf; from 1.5 on the environment is all. */
export function readsDirectory(version: string) {
  return minorOf(version) < minorOf('1.5')
}

function vocabularyOf(version: string): Vocabulary {
  const old = minorOf(version) < minorOf('1.0') ? marathonFlags07 : marathonFlags14
  return { program: 'marathon', version, flags: readsDirectory(version) ? old : marathonFlags }
}

const servers = 'the servers are those of role zookeeper'
const taken = {
  master: `set marathon.mesosZkPath; ${servers}`,
  zk: `set marathon.zkPath; ${servers}`,
  zk_hosts: servers,
  zk_state: 'set marathon.zkPath',
  http_port: 'set marathon.port',
  help: 'it would only print and end',
  version: 'it would only print and end',
}

/** What is there unless the attribute says otherwise. A slave may take five minutes to fetch an image. */
export function flagsOf(version: string, flags: FlagValues, address: string, refuse: (why: string) => never) {
  const standard = { hostname: address, mesos_user: 'root', task_launch_timeout: 300_000 }
  return flagsFor(vocabularyOf(version), { attribute: 'marathon.flags', flags, standard, taken }, refuse)
}

/** Without a value: a toggle says by its name that it is off. */
function written(version: string, name: string, value: string) {
  const type = flagOf(name, vocabularyOf(version))?.type
  if (type !== 'toggle' && type !== 'flag') return { name, value, isBare: false }
  return { name: value === 'true' ? name : `disable_${name}`, value: '', isBare: true }
}

export function asFiles(
  version: string,
  flags: Record<string, string>,
  text: (content: string) => { sha256: string; bytes: number },
) {
  const all = Object.entries(flags).map(([name, value]) => written(version, name, value))
  return Object.fromEntries(
    all.map(({ name, value, isBare }) => [isBare ? `?${name}` : name, text(isBare ? '' : `${value}\n`)]),
  )
}

/** Marathon lowers the names, so one with capitals cannot be said. */
export function asVariables(version: string, flags: Record<string, string>, refuse: (why: string) => never) {
  const capital = Object.keys(flags).find((name) => name !== name.toLowerCase())
  if (capital !== undefined)
    refuse(
      `marathon.flags.${capital}: Marathon ${version} reads its flags from the environment, where names have no capitals`,
    )
  const all = Object.entries(flags).map(([name, value]) => written(version, name, value))
  return Object.fromEntries(all.map(({ name, value }) => [`MARATHON_${name.toUpperCase()}`, value]))
}
