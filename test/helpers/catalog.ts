import assert from 'node:assert/strict'
import type { CatalogResource, ResourceId } from '../../protocol/catalog.ts'
import { idOf } from '../../protocol/catalog.ts'
import type { Compiled } from '../../server/compile/compile.ts'

/** A compiled catalog with ways to ask it. */
export function catalogOf(compiled: Compiled) {
  assert(compiled.status === 'compiled', compiled.status === 'compiled' ? '' : `${compiled.status}: ${compiled.reason}`)
  const { catalog, blobs } = compiled
  const ids = catalog.resources.map(idOf)

  function get(id: ResourceId): CatalogResource {
    const found = catalog.resources.find((resource) => idOf(resource) === id)
    assert(found, `${id} is not in the catalog, which has ${ids.join(', ')}`)
    return found
  }

  return {
    ids,
    get,
    has: (id: ResourceId) => ids.includes(id),
    text: (id: ResourceId) => textOf(get(id), blobs),
    /** That the resources stand in this order. */
    assertOrder: (...order: ResourceId[]) =>
      assert.deepEqual(
        ids.filter((id) => order.includes(id)),
        order,
      ),
    assertNotifies: (id: ResourceId, action: string, target: ResourceId) =>
      assert.deepEqual(get(id).notifies, [{ action, target }], `what ${id} notifies`),
    /** With the texts in place of their hashes, so that a golden file can be read. */
    readable: () => catalog.resources.map((resource) => readable(resource, blobs)),
  }
}

function textOf({ props }: CatalogResource, blobs: Map<string, Buffer>) {
  const bytes = blobs.get(hashOf(props.content) ?? '')
  assert(bytes, 'the resource has no content')
  return bytes.toString('utf8')
}

// Without the line, so that an edit above a declaration leaves the golden file alone.
function readable(resource: CatalogResource, blobs: Map<string, Buffer>) {
  const { declaredAt, props, ...rest } = resource
  const content = hashOf(props.content) === undefined ? {} : { content: textOf(resource, blobs).split('\n') }
  return { ...rest, declaredIn: declaredAt.replace(/:\d+$/, ''), props: { ...props, ...content } }
}

function hashOf(content: unknown) {
  if (typeof content !== 'object' || content === null || !('sha256' in content)) return undefined
  return String(content.sha256)
}
