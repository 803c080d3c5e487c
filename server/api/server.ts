import { createReadStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { api } from '../../protocol/api.ts'
import { openApi } from '../../protocol/api/openapi.ts'
import type { ApiParts, Handlers } from './call.ts'
import { keyAfter, pageFrom } from './pages.ts'

type ServerCalls = 'whoami' | 'listAudit' | 'readOpenApi' | 'backup' | 'readMetrics'

/** What is about the server itself. */
export function serverHandlers(parts: ApiParts): Pick<Handlers, ServerCalls> {
  const { store, revisions, metrics, version, scratch } = parts
  let document: Record<string, unknown> | undefined
  return {
    whoami: async (_input, { user, access, clusters, token }) => ({
      name: user.name,
      access,
      clusters,
      token: token && { id: token.id, name: token.name, expiresAt: token.expiresAt },
      version,
      revision: revisions.current()?.id ?? 'none',
      sourceErrors: revisions.errors(),
    }),
    readMetrics: () => metrics.read(),
    async listAudit(asked, { clusters }) {
      const [last] = keyAfter(asked, [0]) ?? []
      const after = typeof last === 'number' ? last : undefined
      const rows = await store.findAudit({ ...asked, clusters, after, limit: asked.limit + 1 })
      return pageFrom(rows, asked, ({ id }) => [id])
    },
    readOpenApi: async () => (document ??= openApi(api, version)),
    async backup() {
      const path = join(scratch, `backup-${randomUUID()}.db`)
      await store.backup(path)
      const stream = createReadStream(path)
      // Once it is open it can be read without a name, and nothing is left behind whatever happens.
      stream.once('open', () => void unlink(path).catch((error: Error) => stream.destroy(error)))
      return stream
    },
  }
}
