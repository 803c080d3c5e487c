import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type Catalog, type CatalogResource, digestOf, idOf } from '../../protocol/catalog.ts'
import type { Report, ResourceEvent } from '../../protocol/events.ts'
import { blobsIn } from '../../agent/kept/blobs.ts'
import { RealHost } from '../../agent/machine/host.ts'
import { headOf, type PreparedCatalog } from '../../agent/kept/kept-catalog.ts'
import { Leases, type LeaseTaker } from '../../agent/cluster/leases.ts'
import { Reboots } from '../../agent/runs/reboot.ts'
import { prepare } from '../../agent/runs/prepare.ts'
import { type Request, Runner } from '../../agent/runs/run.ts'
import type { Hooks } from '../../agent/runs/walk.ts'
import { spoolIn } from '../../agent/kept/spool.ts'
import { gate } from '../../resources/gate.ts'
import { probe } from '../../resources/probe.ts'
import { defineResource, differences, type ResourceType } from '../../resources/define.ts'

/** A machine of names and values, with a log of all that was asked of it. */
export class World {
  values = new Map<string, string>()
  log: string[] = []
  /** Called before a thing is made, or an action done, by `apply NAME`, `restart NAME`: may throw. */
  before = new Map<string, () => void | Promise<void>>()
  /** Gates, by name, and why they are closed. */
  closed = new Map<string, string>()
  /** What stays as it is, whatever is applied. */
  stubborn = new Set<string>()
  /** Called with each look. */
  looked = () => {}

  async did(what: string) {
    this.log.push(what)
    await this.before.get(what)?.()
  }

  /** All but the looks. */
  get deeds() {
    return this.log.filter((line) => !line.startsWith('check '))
  }

  readonly types: Record<string, ResourceType> = { thing: this.#thing(), package: this.#package(), probe, gate }

  #common() {
    return {
      summary: '',
      name: z.string(),
      props: z.strictObject({ value: z.string() }),
      check: (name: string, want: { value: string }) => {
        this.log.push(`check ${name}`)
        this.looked()
        return differences({ value: this.values.get(name) }, want)
      },
      // What is applied here is no file, so a plan cannot foresee it.
      effects: () => {},
      apply: async (name: string, want: { value: string }) => {
        await this.did(`apply ${name}`)
        if (!this.stubborn.has(name)) this.values.set(name, want.value)
      },
    }
  }

  #thing() {
    return defineResource({
      type: 'thing',
      ...this.#common(),
      actions: {
        restart: async (name) => this.did(`restart ${name}`),
        reload: async (name) => this.did(`reload ${name}`),
      },
      satisfies: (changes) => (changes.some(({ to }) => to === 'started') ? ['restart'] : []),
    })
  }

  /** Neighbours are made in one go; one whose `before` throws fails alone. */
  #package() {
    return defineResource({
      type: 'package',
      ...this.#common(),
      applyMany: async (differing) => {
        this.log.push(`apply ${differing.map(({ name }) => name).join(' ')}`)
        const failed = new Map<string, Error>()
        for (const { name, want } of differing) {
          try {
            await this.before.get(`apply ${name}`)?.()
            this.values.set(name, want.value)
          } catch (error) {
            assert(error instanceof Error)
            failed.set(name, error)
          }
        }
        return failed
      },
    })
  }
}

/** A resource of recipe `main` with value `on`, unless said otherwise. */
export function resource(name: string, given: Partial<CatalogResource> = {}): CatalogResource {
  return {
    type: 'thing',
    name,
    recipe: 'main',
    declaredAt: 'recipes/main/main.ts:1',
    props: { value: 'on' },
    notifies: [],
    ...given,
  }
}

export const restart = (name: string) => ({ action: 'restart', target: idOf({ type: 'thing', name }) })

/** A node in `dir` whose catalog can be exchanged. A second one on the same folder is the agent after its death. */
export function nodeIn(
  dir: string,
  world: World,
  resources: CatalogResource[] = [],
  leases: LeaseTaker = new Leases(),
) {
  const node = {
    catalog: { node: 'n1', resources } as Catalog | undefined,
    spool: spoolIn(join(dir, 'spool')),
    journalPath: join(dir, 'journal'),
    host: new RealHost({
      blobs: blobsIn(join(dir, 'blobs')),
      kept: blobsIn(join(dir, 'kept')),
      scratch: join(dir, 'scratch'),
      closedGate: (name) => world.closed.get(name),
    }),
    async runs(request: Partial<Request> = {}, hooks: Hooks = {}) {
      return runner.run({ mode: 'converge', trigger: 'manual', orders: [], ...request }, hooks)
    },
    /** The report of this run alone. */
    async run(request: Partial<Request> = {}, hooks: Hooks = {}): Promise<Report> {
      const reports = await node.runs(request, hooks)
      assert.equal(reports.length, 1, 'there is a report of an interrupted run')
      assert(reports[0])
      return reports[0]
    },
  }
  let known: { of: Catalog; prepared: PreparedCatalog } | undefined
  const readCatalog = () => {
    const { catalog } = node
    if (catalog && known?.of !== catalog) {
      known = {
        of: catalog,
        prepared: { digest: digestOf(catalog), head: headOf(catalog), prepared: prepare(catalog, world.types) },
      }
    }
    return catalog && known?.prepared
  }
  const runner = new Runner({
    readCatalog,
    types: world.types,
    reboots: new Reboots(join(dir, 'reboot.json')),
    leases,
    ledgerPath: join(dir, 'ledger'),
    host: node.host,
    spool: node.spool,
    journalPath: node.journalPath,
    lockPath: join(dir, 'lock'),
    now: Date.now,
  })
  return node
}

/** `failed thing[a]: why`, `changed restart thing[b]`. */
export function shownEvents(events: ResourceEvent[]) {
  return events.map((event) => {
    const why = 'error' in event ? `: ${event.error}` : 'reason' in event ? `: ${event.reason}` : ''
    return `${event.outcome} ${event.action === undefined ? '' : `${event.action} `}${event.id}${why}`
  })
}

/** Options of a test that mounts something, or changes users. */
export const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }

/** Waits until it holds, at most ten seconds. */
export async function until(what: string, holds: () => boolean) {
  const deadline = Date.now() + 10_000
  while (!holds()) {
    assert(Date.now() < deadline, `waited 10 s until ${what}`)
    await delay(5)
  }
}
