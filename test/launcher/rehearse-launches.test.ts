import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError } from '../../cli/command.ts'
import { clusterOf, up } from '../helpers/launch-site.ts'
import { MachineRoom } from '../helpers/machine-room.ts'
import { serve } from '../helpers/test-server.ts'

test('who may not make the machines of one group makes none of the others either', async (t) => {
  const served = await serve(t)
  const room = new MachineRoom(served)
  const rehearsed: string[] = []
  const provider = {
    ...room.provider,
    rehearse: async ({ group }: { group: string }) => {
      rehearsed.push(group)
      if (group === 'slave') throw new CommandError('RunInstances of c-slave-2: You are not authorized.')
    },
  }
  await assert.rejects(up(served, { file: clusterOf({ master: 2, slave: 2 }), provider }), /You are not authorized/)
  assert.deepEqual(rehearsed.toSorted(), ['master', 'slave'])
  assert.deepEqual(room.all, [])
})
