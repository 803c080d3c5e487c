import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobsIn } from '../../../agent/kept/blobs.ts'
import { RealHost } from '../../../agent/machine/host.ts'
import { headOf } from '../../../agent/kept/kept-catalog.ts'
import { prepare } from '../../../agent/runs/prepare.ts'
import { Leases } from '../../../agent/cluster/leases.ts'
import { Reboots } from '../../../agent/runs/reboot.ts'
import { Refused, Runner } from '../../../agent/runs/run.ts'
import { spoolIn } from '../../../agent/kept/spool.ts'
import { type Catalog, digestOf } from '../../../protocol/catalog.ts'
import { armFault } from '../../../resources/fault-points.ts'
import { resourceTypes } from '../../../resources/index.ts'

/**
 * `main.js DIR BOOT ORDERS`: one run on a machine that has booted for the BOOTth time, and answers the orders unless it goes on after a reboot.
 * All of it is the agent's own, but a reboot is only written down: it would be one of the machine that runs the tests.
 */
const [dir = '', boot = '', orders = ''] = process.argv.slice(2)
const { TRIVET_FAULT: fault } = process.env
if (fault !== undefined) armFault(fault)

const about = { recipe: 'main', declaredAt: 'main.ts:1' }
const notifies = [{ action: 'reboot', target: 'reboot[one]' as const }]
const catalog: Catalog = {
  node: 'n1',
  resources: [
    { type: 'directory', name: join(dir, 'made'), ...about, props: { mode: '0750' }, notifies },
    { type: 'reboot', name: 'one', ...about, props: {}, notifies: [] },
  ],
}
const host = new RealHost({
  blobs: blobsIn(join(dir, 'blobs')),
  kept: blobsIn(join(dir, 'kept')),
  scratch: join(dir, 'scratch'),
  closedGate: () => undefined,
})
host.rebootNow = async () => appendFileSync(join(dir, 'reboots'), `${boot}\n`)
const reboots = new Reboots(join(dir, 'reboot.json'), () => boot)
const runner = new Runner({
  readCatalog: () => ({ digest: digestOf(catalog), head: headOf(catalog), prepared: prepare(catalog, resourceTypes) }),
  types: resourceTypes,
  host,
  spool: spoolIn(join(dir, 'spool')),
  reboots,
  leases: new Leases(),
  journalPath: join(dir, 'journal'),
  ledgerPath: join(dir, 'ledger'),
  lockPath: join(dir, 'run.lock'),
  now: Date.now,
})
const resumed = reboots.resumed
void runner
  .run({
    mode: 'converge',
    trigger: resumed ? 'boot' : 'order',
    orders: resumed ?? orders.split(',').filter(Boolean),
  })
  .catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
  })
