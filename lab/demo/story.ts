import { CommandError } from '../../cli/command.ts'
import type { Fleet } from '../fleet.ts'
import type { LabNode } from '../node.ts'
import { proveBalanced, proveEnsemble } from './prove.ts'

/** Three nodes and what each is to be. */
export function castOf(nodes: LabNode[]) {
  const [first, second, third] = nodes
  if (!first || !second || !third) throw new CommandError('the demo needs three nodes')
  return { balancer: first, backends: [second, third], ensemble: [first, second, third] }
}

/** The main job from joined nodes to history, each claim proven on the node itself. `say` is told every step as it begins. */
export async function tellStory(fleet: Fleet, say: (line: string) => void) {
  const { mustTrivet } = fleet
  const { balancer, backends, ensemble } = castOf(fleet.lab.nodes)
  const [, second] = ensemble

  say('The nodes have joined; now they get roles, and converge by themselves')
  await mustExit(0, fleet, 'node', 'list')
  await Promise.all(
    ensemble.map(({ name }) =>
      mustTrivet('node', 'assign', name, 'base', 'zookeeper', name === balancer.name ? 'haproxy' : 'web'),
    ),
  )

  await mustExit(0, fleet, 'node', 'wait', '--all')
  await mustExit(0, fleet, 'run', 'list')
  const modes = await proveEnsemble(ensemble)
  say(`ZooKeeper: ${ensemble.map(({ name }, index) => `${name} is ${modes[index]}`).join(', ')}`)
  say(`HAProxy on ${balancer.name} answers from ${(await proveBalanced(balancer, backends)).join(' and ')}`)

  say('Have all converge again: nothing may change')
  await mustExit(0, fleet, 'converge', '--all', '--wait', '--detailed-exitcodes')

  say(`Break a file on ${balancer.name} and a service on ${second?.name}`)
  await balancer.write('/etc/haproxy/haproxy.cfg', '# broken by hand\n')
  await second?.exec(['systemctl', 'stop', 'zookeeper'])
  await mustExit(2, fleet, 'converge', '--all', '--wait', '--detailed-exitcodes')
  await proveEnsemble(ensemble)
  await proveBalanced(balancer, backends)
  say('Both are repaired. What happened')
  await mustExit(0, fleet, 'run', 'list')
}

async function mustExit(wanted: number, { showTrivet }: Fleet, ...args: string[]) {
  const exitCode = await showTrivet(...args)
  if (exitCode !== wanted) throw new CommandError(`trivet ${args.join(' ')} exited with ${exitCode}, not ${wanted}`)
}
