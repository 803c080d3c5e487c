import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenMachines } from '../../launcher/chosen-machines.ts'
import type { Provider } from '../../launcher/provider.ts'
import { terminateNodes } from '../../launcher/terminate-nodes.ts'
import { clusterOf, on, up } from '../helpers/launch-site.ts'
import { MachineRoom } from '../helpers/machine-room.ts'
import { serve } from '../helpers/test-server.ts'

class Killed extends Error {}

/** What asks nobody. */
const plain = new Set<keyof Provider>(['typeOf', 'shellOf', 'mayHaveAgent'])

/** The provider, until the call of that number: then the launcher is dead, before the call has done anything or after. */
function killedAt(provider: Provider, at: number, when: 'before' | 'after') {
  let calls = 0
  const killer = { provider, hasKilled: false }
  killer.provider = new Proxy(provider, {
    get(target, name: keyof Provider) {
      const method = target[name]
      if (typeof method !== 'function' || plain.has(name)) return method
      return async (...args: never[]) => {
        if (killer.hasKilled) throw new Killed()
        const isLast = ++calls === at
        if (isLast && when === 'before') killer.hasKilled = true
        if (killer.hasKilled) throw new Killed()
        const result = await Reflect.apply(method, target, args)
        if (isLast) killer.hasKilled = true
        if (killer.hasKilled) throw new Killed()
        return result
      }
    },
  })
  return killer
}

for (const when of ['before', 'after'] as const)
  test(`a launcher killed ${when} any call is gone on with, and each node is made once`, async (t) => {
    const served = await serve(t)
    const file = clusterOf({ master: 1 })
    for (let at = 1; ; at++) {
      const room = new MachineRoom(served)
      const killer = killedAt(room.provider, at, when)
      await up(served, { file, provider: killer.provider }).catch((error: unknown) => {
        if (!killer.hasKilled) throw error
      })
      await up(served, { file, provider: room.provider })
      assert.deepEqual(
        room.living.map(({ node }) => node),
        ['c-master-1'],
        `call ${at}`,
      )
      await on(served, { file, provider: room.provider }, async (site) =>
        terminateNodes(await chosenMachines([], site), site),
      )
      if (!killer.hasKilled) return assert(at > 6, `only ${at} calls`)
      assert(at < 100)
    }
  })
