import { closeCodes } from '../../protocol/messages.ts'
import type { Registry } from '../agents/registry.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import type { AttestedInstance } from '../store/attested.ts'
import type { Node, Store } from '../store/store.ts'
import type { AttestParts } from './attest.ts'
import type { Cloud } from './cloud.ts'
import type { AttestSettings } from './settings.ts'

export interface GoneParts extends AttestParts {
  store: Store
  registry: Pick<Registry, 'turnAway'>
  settings: AttestSettings
  cloud: Cloud
}

type Attested = { instance: AttestedInstance; node: Node }

/** Archives and revokes the nodes whose instances are no more. */
export function watchGone(parts: GoneParts) {
  const { store, settings, failed } = parts
  /** Since when EC2 shows an instance no more, in ms. */
  const unseenSince = new Map<string, number>()
  const closed = new AbortController()
  const { signal } = closed
  const look = oneAfterAnother(async () => {
    if (signal.aborted) return
    const byRegion = new Map<string, Attested[]>()
    for (const attested of await store.listAttested()) {
      const { region } = attested.instance
      byRegion.set(region, [...(byRegion.get(region) ?? []), attested])
    }
    for (const [region, all] of byRegion) {
      await lookAt({ ...parts, signal }, region, all, unseenSince).catch((error: unknown) => {
        if (!signal.aborted) failed(error)
      })
    }
  })
  const again = () => void look().catch(failed)
  const looks = setInterval(again, settings.lookEveryMinutes * 60_000)
  looks.unref()
  return {
    look,
    begin: again,
    /** What is under way is let finish. */
    close: async () => {
      clearInterval(looks)
      closed.abort()
      await look()
    },
  }
}

async function lookAt(
  parts: GoneParts & { signal: AbortSignal },
  region: string,
  all: Attested[],
  unseenSince: Map<string, number>,
) {
  const { cloud, clock, settings, signal } = parts
  const found = await cloud.find(
    region,
    all.map(({ instance }) => instance.id),
    signal,
  )
  const states = new Map(found.map(({ id, state }) => [id, state]))
  for (const { instance } of all) if (states.has(instance.id)) unseenSince.delete(instance.id)
  for (const attested of all.filter(({ instance }) => states.get(instance.id) === 'terminated'))
    await end(parts, attested, 'is terminated')
  const unseen = all.filter(({ instance }) => !states.has(instance.id))
  if (unseen.length === 0) return
  // With the keys of another account all would be gone.
  const account = await cloud.account(region, signal)
  for (const attested of unseen.filter(({ instance }) => instance.account === account)) {
    const { id } = attested.instance
    const since = unseenSince.get(id) ?? clock()
    unseenSince.set(id, since)
    if (clock() - since < settings.goneAfterMinutes * 60_000) continue
    await end(parts, attested, 'is known to EC2 no more')
    unseenSince.delete(id)
  }
}

async function end({ store, registry, catalogs, clock }: GoneParts, { instance, node }: Attested, why: string) {
  const by = { author: `instance ${instance.id}`, at: clock() }
  await store.archiveNode(node.id, by)
  await store.revoke(node.id, by)
  registry.turnAway(node.id, closeCodes.revoked, `instance ${instance.id} ${why}`)
  await catalogs.refresh()
}
