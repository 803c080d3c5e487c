import { oneShotState } from '../one-shot.ts'
import { agentFolder, type Site } from '../site.ts'
import { type WorkSet, workSets } from './work-sets.ts'

export const workNames = ['W1', 'W2', 'W5', 'W3', 'W4'] as const
export type WorkName = (typeof workNames)[number]

/** What a run has to do on a set. */
export interface Work {
  name: WorkName
  task: string
  set: WorkSet
  /** Makes wrong what each run has to make right; without it there is nothing to do. */
  spoil?: (site: Site) => Promise<void>
}

export const works: Record<WorkName, Work> = {
  W1: { name: 'W1', task: 'nothing to do', set: workSets.W1 },
  W2: { name: 'W2', task: 'nothing to do', set: workSets.W2 },
  W5: { name: 'W5', task: 'nothing to do', set: workSets.W5 },
  W3: { name: 'W3', task: 'first converge', set: workSets.W1, spoil: removeAll },
  W4: { name: 'W4', task: '10 files repaired', set: workSets.W1, spoil: changeTen },
}

// What the agents remember of having made it goes too, or it would be a repair.
async function removeAll({ must }: Site) {
  const [folder = ''] = workSets.W1.directories
  await must(['rm', '-rf', '--', folder, ...[agentFolder, oneShotState('W3')].map((state) => `${state}/ledger`)])
}

async function changeTen({ must }: Site) {
  const paths = [3, 117, 228, 333, 444, 555, 666, 777, 888, 999].map((index) => workSets.W1.files[index]?.path ?? '')
  await must(['sed', '--in-place=', '$a drifted', '--', ...paths])
}
