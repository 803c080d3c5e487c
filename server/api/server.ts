import { createReadStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ApiParts, Handlers } from './call.ts'

/** What is about the server itself. */
export function serverHandlers(parts: ApiParts): Pick<Handlers, 'whoami' | 'listAudit' | 'backup' | 'readMetrics'> {
  const { store, revisions, metrics, version, scratch } = parts
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
    listAudit: ({ limit }) => store.findAudit({ limit }),
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
