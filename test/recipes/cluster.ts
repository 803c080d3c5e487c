import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode } from './ours.ts'

const sha256 = 'b66b5dddec80844478a26c9ffc5598f7d3e5535dd8fbb4baa06476bbc193cfaa'
const deb = (name: string) => ({ deb: { url: `https://packages.example.org/${name}.deb`, sha256 } })
export const archive = { archive: { url: 'https://packages.example.org/it.tar.gz', sha256 } }

export const sources = { 'mesos.source': deb('mesos'), 'marathon.source': deb('marathon') }

/** m1 to mN are masters, s1 and s2 slaves; the ensemble has `size` of the masters. */
function given(masters: number, size: number, attributes: Record<string, unknown>) {
  const master = ['zookeeper', 'mesos-master', 'marathon']
  const nodes = [
    ...Array.from({ length: masters }, (_, at) => nodeOf(`m${at + 1}`, master)),
    ...['s11', 's12'].map((name) => nodeOf(name, ['mesos-slave'])),
  ]
  const all = { ...sources, 'zookeeper.ensembleSize': size, ...attributes }
  return { nodes, attributes: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) }
}

export function clusterCatalog(
  name: string,
  attributes: Record<string, unknown> = {},
  { masters = 3, size = 3 }: { masters?: number; size?: number } = {},
) {
  return catalogOfNode(name, given(masters, size, attributes))
}

/** Why a node is refused. */
export function refusal(name: string, attributes: Record<string, unknown>) {
  const compiled = compileNode(name, given(3, 3, attributes))
  return compiled.status === 'error' ? compiled.reason : `it is ${compiled.status}`
}
