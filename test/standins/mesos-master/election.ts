import { sequenceOf, type ZooKeeper } from '../shared/zookeeper.ts'

export interface MasterInfo {
  id: string
  /** The address as a number, in the byte order of little machines. */
  ip: number
  port: number
  pid: string
  hostname: string
  version: string
  address: { hostname: string; ip: string; port: number }
}

const isCandidate = (name: string) => name.startsWith('json.info_')

/** Calls back with the leading master each time that it is another one; nothing where none stands. */
export async function watchLeader(zk: ZooKeeper, path: string, detected: (leader: MasterInfo | undefined) => void) {
  let last: string | undefined = 'unknown'
  await zk.watchChildren(path, async (names) => {
    const [first] = names.filter(isCandidate).toSorted((one, other) => sequenceOf(one) - sequenceOf(other))
    const text = first === undefined ? undefined : await zk.get(`${path}/${first}`)
    if (text === last) return
    last = text
    detected(text === undefined ? undefined : parseMaster(text))
  })
}

function parseMaster(text: string): MasterInfo {
  return JSON.parse(text)
}

/** Stands for election; the lowest number leads. */
export async function contend(zk: ZooKeeper, path: string, info: MasterInfo) {
  await zk.mkdirp(path)
  return zk.createEphemeral(`${path}/json.info_`, JSON.stringify(info))
}

export function numberOf(ip: string) {
  return ip.split('.').reduce((sum, part, index) => sum + Number(part) * 256 ** index, 0)
}
