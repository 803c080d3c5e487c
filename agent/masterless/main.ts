import { AttributeError } from '../../server/compile/attribute-schema.ts'
import { validateAttribute } from '../../server/compile/attributes.ts'
import { compile } from '../../server/compile/compile.ts'
import type { ClusterView, NodeInput } from '../../server/compile/inputs.ts'
import { SourceError } from '../../server/sources/errors.ts'
import { loadRevision, type Revision } from '../../server/sources/revision.ts'
import type { Facts } from '../../protocol/facts.ts'
import type { CompiledHere, Masterless } from '../commands/common.ts'

/**
 * Compiles as a server does, for this machine alone. A part of its own, since it brings what a server needs and no other verb does:
 * on a node it is apply.cjs, with esbuild's program beside it.
 */
export async function compileHere(asked: Masterless): Promise<CompiledHere> {
  try {
    const revision = await loadRevision(asked.sources)
    const { attributes } = asked
    const wrong = Object.entries(attributes).flatMap(([key, value]) => wrongWith(revision, key, value))
    return wrong.length > 0 ? { reason: wrong.join('\n') } : compiled(revision, asked)
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return { reason: error.message }
  }
}

function wrongWith(revision: Revision, key: string, value: unknown) {
  try {
    validateAttribute(revision, key, value)
    return []
  } catch (error) {
    if (!(error instanceof AttributeError)) throw error
    return [`--set ${error.message.startsWith(key) ? '' : `${key}: `}${error.message}`]
  }
}

function compiled(revision: Revision, { name, roles, facts, attributes }: Masterless): CompiledHere {
  const node = { name, cluster: 'default', roles, facts, attributes, clusterAttributes: {} }
  const result = compile(revision, node, aloneIn(node))
  return result.status === 'compiled' ? { catalog: result.catalog, blobs: result.blobs } : { reason: result.reason }
}

/** A cluster of this one node. */
function aloneIn({ name, roles, facts }: NodeInput & { facts: Facts }): ClusterView {
  return {
    withRole: (role) => (roles.includes(role) ? [{ name, address: facts.address, roles, facts, ordinal: 1 }] : []),
    ordinal: (node, role) => (node === name && roles.includes(role) ? 1 : null),
  }
}
