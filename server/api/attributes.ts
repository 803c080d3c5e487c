import type { ClusterView } from '../../protocol/views.ts'
import { AttributeError } from '../compile/attribute-schema.ts'
import { validateAttribute } from '../compile/attributes.ts'
import type { AttributePlace, Fleet } from '../store/store.ts'
import { suggest } from '../suggest.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, requireRevision, unknown } from './find.ts'
import { pageAmong } from './pages.ts'
import { unlessStale } from './stale.ts'

type AttributeCalls = 'setAttribute' | 'unsetAttribute' | 'listClusters'

export function attributeHandlers(parts: ApiParts): Pick<Handlers, AttributeCalls> {
  const { store, catalogs } = parts
  return {
    async setAttribute({ scope, name, key, value, ifRevision }, caller) {
      const place = await placeOf(parts, caller, scope, name, key, { mayBeNew: true })
      theirs(() => validateAttribute(requireRevision(parts), key, value))
      const asked = { ...place, name, ifRevision, change: { set: { [key]: value } } }
      await unlessStale(parts, asked, () => store.setAttribute(place, value, caller.by, ifRevision))
      await catalogs.refresh()
      return reach(parts, place)
    },
    async unsetAttribute({ scope, name, key, ifRevision }, caller) {
      const place = await placeOf(parts, caller, scope, name, key)
      const asked = { ...place, name, ifRevision, change: { unset: [key] } }
      if (!(await unlessStale(parts, asked, () => store.unsetAttribute(place, caller.by, ifRevision)))) {
        const set = await store.readAttributes(place.scope, place.subject)
        throw new ApiFault(
          'unknown-attribute',
          `${key} is not set for ${place.scope} ${name}. ${suggest(key, Object.keys(set))}`,
        )
      }
      await catalogs.refresh()
      return reach(parts, place)
    },
    async listClusters(page, caller) {
      const seen = clustersOf(catalogs.fleet()).filter(({ name }) => caller.sees(name))
      return pageAmong(seen, page, ({ name }) => [name])
    },
  }
}

async function placeOf(
  parts: ApiParts,
  caller: Caller,
  scope: 'nodes' | 'clusters',
  name: string,
  key: string,
  { mayBeNew = false } = {},
): Promise<AttributePlace> {
  if (scope === 'nodes') return { scope: 'node', subject: (await findLivingNode(parts, caller, name)).id, key }
  const { nodes, clusters } = parts.catalogs.fleet()
  const known = new Set([...nodes.map(({ cluster }) => cluster), ...Object.keys(clusters), 'default'])
  // What a cluster needs is set before its first node comes, since that could not converge without.
  if (!(mayBeNew || known.has(name)) || !caller.sees(name))
    throw unknown('cluster', name, [...known].filter(caller.sees))
  return { scope: 'cluster', subject: name, key }
}

/** What a write to that place counts for, and its revision. */
function reach({ catalogs }: ApiParts, { scope, subject }: AttributePlace) {
  const { nodes, clusterRevisions } = catalogs.fleet()
  const there = nodes.filter(({ id, cluster }) => (scope === 'node' ? id : cluster) === subject)
  const revision = scope === 'node' ? there[0]?.revision : clusterRevisions[subject]
  return { nodes: there.map(({ name }) => name), revision: revision ?? 0 }
}

function clustersOf({ nodes, clusters, clusterRevisions }: Fleet) {
  const counts = new Map(Object.keys(clusters).map((name) => [name, 0]))
  for (const { cluster } of nodes) counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
  return [...counts].map(([name, nodeCount]): ClusterView => {
    const attributes = clusters[name] ?? {}
    return { name, nodeCount, attributes, revision: clusterRevisions[name] ?? 0 }
  })
}

/** What is wrong with an attribute, as a refusal of whoever asked. */
export function theirs<Result>(work: () => Result) {
  try {
    return work()
  } catch (error) {
    if (error instanceof AttributeError) throw new ApiFault('bad-attribute', error.message)
    throw error
  }
}
