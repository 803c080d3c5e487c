import { until } from '../../lab/run.ts'
import { pidOf } from '../resident.ts'
import type { Site } from '../site.ts'

const folder = '/srv/mgmt'
const unit = 'bench-mgmt'
export const mgmtFile = `${folder}/one.conf`

/** Debian starts one with nothing to do, which holds the ports. It takes its time to end, so it is killed. */
export async function quietMgmt({ must }: Site) {
  await must(['systemctl', 'disable', '--quiet', 'mgmt'])
  await must(['systemctl', 'stop', '--no-block', 'mgmt'])
  await must(['systemctl', 'kill', '--signal=KILL', 'mgmt'])
}

/** While mgmt keeps one file; `work` gets its process. */
export async function withMgmt<Result>(site: Site, work: (pid: number) => Promise<Result>) {
  const { node, must } = site
  await node.write(`${folder}/one.mcl`, program)
  const argv = ['mgmt', 'run', '--tmp-prefix', '--no-pgp', 'lang', `${folder}/one.mcl`]
  await must(['systemd-run', '--quiet', '--collect', `--unit=${unit}`, '--setenv=HOME=/root', ...argv])
  await until('mgmt to make its file', async () => (await node.exec(['cat', mgmtFile])).stdout === 'one = 1\n')
  const result = await work(await pidOf(unit, site))
  await must(['systemctl', 'kill', '--signal=KILL', unit])
  return result
}

const program = `file "${mgmtFile}" {
  content => "one = 1\\n",
  state => "exists",
}
`
