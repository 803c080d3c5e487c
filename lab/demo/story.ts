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
export async function tellStory(fleet: Fleet, say: (line: string) => void, show: (text: string) => void) {
  const { lab, trivet, mustTrivet } = fleet
  const cast = castOf(lab.nodes)

  say('Assign roles')
  for (const { name } of cast.ensemble) await mustTrivet('node', 'assign', name, 'base', 'zookeeper')
  for (const { name } of cast.backends) await mustTrivet('node', 'assign', name, 'web')
  await mustTrivet('node', 'assign', cast.balancer.name, 'haproxy')
  show(await mustTrivet('node', 'list'))

  say('Converge all of them')
  show(await mustTrivet('converge', '--all', '--wait'))
  show(`ZooKeeper: ${(await proveEnsemble(cast.ensemble)).join(', ')}`)
  show(
    `HAProxy on ${cast.balancer.name} answers from ${(await proveBalanced(cast.balancer, cast.backends)).join(' and ')}`,
  )

  say('Converge again: nothing to change')
  await expectExit(fleet, 0, 'converge', '--all', '--wait', '--detailed-exitcodes')

  say('Break a file and a service')
  await cast.balancer.write('/etc/haproxy/haproxy.cfg', '# broken by hand\n')
  await cast.ensemble[1]?.exec(['systemctl', 'stop', 'zookeeper'])
  show(await expectExit(fleet, 2, 'converge', '--all', '--wait', '--detailed-exitcodes'))
  await proveEnsemble(cast.ensemble)
  await proveBalanced(cast.balancer, cast.backends)
  show('Both are repaired.')

  say('What happened')
  show(await mustTrivet('run', 'list'))
  return trivet
}

async function expectExit({ trivet }: Fleet, wanted: number, ...args: string[]) {
  const { exitCode, stdout, stderr } = await trivet(...args)
  if (exitCode === wanted) return stdout
  throw new CommandError(`trivet ${args.join(' ')} exited with ${exitCode}, not ${wanted}: ${stderr}${stdout}`)
}
