import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bake } from '../../launcher/bake.ts'
import { launchNode } from '../../launcher/launch-node.ts'
import type { Baking } from '../../launcher/ec2/bake.ts'
import type { Ec2Provider } from '../../launcher/ec2/provider.ts'
import type { Machine } from '../../launcher/provider.ts'
import { api } from '../../protocol/api.ts'
import { clusterOf, openSite } from '../helpers/launch-site.ts'
import { MachineRoom } from '../helpers/machine-room.ts'
import { serve } from '../helpers/test-server.ts'

const builder: Machine = {
  id: 'i-1',
  node: '',
  group: '',
  attempt: '',
  state: 'running',
  image: '',
  instanceType: 't3.small',
  zone: 'a',
  launchedAt: 0,
}

test('a builder that joins nothing bakes, a machine of the image has to become a node, and its token is withdrawn', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  const seen: { baking?: Baking; tried?: string } = {}
  const provider: Ec2Provider = {
    ...room.provider,
    orphans: async () => [],
    async bake(baking) {
      seen.baking = baking
      room.console = 'trivet-boot: phase clean\ntrivet-boot: phase baked\n'
      await baking.untilReady({ ...builder, ...baking.launch })
      await baking.trial('ami-87654321')
      return 'ami-87654321'
    },
  }
  const { site, close } = await openSite(served, { file: clusterOf({ web: 3 }), provider })
  t.after(close)
  site.server.invite = withInstaller(site.server.invite.bind(site.server))
  const group = site.file.groups['web'] ?? assert.fail()
  // Of a bake that was cut off.
  await launchNode({ node: 'c-web-trial', groupName: 'web', group: { ...group, roles: [] } }, site)
  const image = await bake({ groupName: 'web', group, name: 'base', keep: 2 }, provider, site)

  assert.equal(image, 'ami-87654321')
  assert.match(seen.baking?.launch.userData ?? '', /^bakes='yes'$/m)
  assert.match(seen.baking?.version ?? '', /^base-\d{14}$/)
  assert.deepEqual(seen.baking?.group.roles, [])
  assert.deepEqual(
    room.all.map(({ node, state }) => [node, state]),
    [
      ['c-web-trial', 'terminated'],
      ['c-web-trial', 'terminated'],
    ],
  )
  assert.deepEqual(await served.client.list(api.listTokens, {}), [])
  assert.deepEqual(await served.client.list(api.listNodes, {}), [])
})

/** The server of this test hands out no agents. */
function withInstaller<Args extends unknown[], Result extends { installer: string | undefined }>(
  invite: (...args: Args) => Promise<Result>,
) {
  return async (...args: Args) => ({ ...(await invite(...args)), installer: 'a'.repeat(64) })
}
