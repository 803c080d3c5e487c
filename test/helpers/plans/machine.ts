import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LabNode } from '../../../lab/node.ts'
import { Report } from '../../../protocol/events.ts'
import { layRepository, trustRepository } from '../deb.ts'
import { catalogOf } from './catalog.ts'
import type { Declared } from './generate.ts'
import { debs, groups, ownUnits, root, users } from './pool.ts'

const agent = '/usr/lib/trivet/trivet-agent'
const home = 'var/lib/trivet-agent'

/** Once for all cases: the repository, and packages without waiting for the disk. */
export async function makeReady(node: LabNode) {
  await layRepository(node, '/srv/lab', debs)
  await node.write('/etc/dpkg/dpkg.cfg.d/lab', 'force-unsafe-io\n')
  await node.exec(['rm', '/etc/apt/sources.list'])
  await trustRepository(node, '/srv/lab')
}

const accounts = [...new Set([...users, ...groups])]
const reset = `
systemctl disable --now ${ownUnits.join(' ')} lab-daemon.service
systemctl unmask ${ownUnits.join(' ')} lab-daemon.service
there=$(dpkg-query --show --showformat='\${Package}\\n' 'lab-*' | sort -u)
if [ -n "$there" ]; then
  for one in $there; do echo "$one install"; done | dpkg --set-selections
  dpkg --purge --force-all $there
fi
for one in ${accounts.join(' ')}; do userdel $one; groupdel $one; done
rm -rf ${root} /srv/made /home/* /etc/lab-* /usr/share/lab-* /etc/systemd/system/lab-* /run/systemd/system/lab-* /etc/systemd/system/*.wants/lab-*
mkdir -p ${root}
systemctl daemon-reload
systemctl reset-failed
`

/** Puts the machine in a state that depends on nothing but these lines. */
export async function putInState(node: LabNode, state: string[]) {
  for (const entry of readdirSync(join(node.root, home)))
    if (entry !== 'identity.json') rmSync(join(node.root, home, entry), { recursive: true })
  const { exitCode, stderr } = await node.exec(['sh'], {
    input: `${[reset, ...state].join('\n')}\ntrue\n`,
    timeoutMs: 60_000,
  })
  assert.equal(exitCode, 0, stderr)
}

export function giveCatalog(node: LabNode, declared: Declared[]) {
  const { catalog, blobs } = catalogOf(node.name, declared)
  const put = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(node.root, home, path)), { recursive: true })
    writeFileSync(join(node.root, home, path), content, { mode: 0o600 })
  }
  for (const [hash, bytes] of blobs) put(`blobs/${hash.slice(0, 2)}/${hash}`, bytes)
  put('catalog.json', JSON.stringify(catalog))
  return catalog
}

export async function run(node: LabNode, verb: 'plan' | 'converge'): Promise<Report> {
  const { stdout, stderr } = await node.exec([agent, verb, '--offline', '--json'], { timeoutMs: 120_000 })
  assert(stdout, stderr)
  return Report.parse(JSON.parse(stdout))
}

const places =
  '/srv /etc /home /usr/share/lab-* /usr/lib/systemd/system /var/lib/dpkg /var/lib/apt/lists /run/systemd/system'

/** All that a plan could have changed by mistake, a line each. */
export async function fingerprint(node: LabNode) {
  const units = [...ownUnits, 'lab-daemon.service'].join(' ')
  const script = `find ${places} -printf '%p %y %m %U %G %s %T@ %l\\n'
systemctl show --property=Id,ActiveState,UnitFileState,MainPID,InvocationID,NeedDaemonReload ${units}`
  const { stdout } = await node.exec(['sh'], { input: script })
  return stdout.split('\n').toSorted()
}
