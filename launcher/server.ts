import type { Client } from '../cli/api-client.ts'
import { CommandError } from '../cli/command.ts'
import { Unreachable } from '../cli/connection.ts'
import { api } from '../protocol/api.ts'
import type { ListedNode } from '../protocol/views.ts'
import type { ClusterFile } from './cluster-file.ts'
import type { ServerUrl } from './server-url.ts'

/** So long a machine may take from the call that asks for it to its first word to the server. */
export const tokenLivesMs = 60 * 60_000

/** What is to be done about `Invitation.installer` being undefined. */
export const noInstaller =
  'the server hands out no agent. Next: npm run build:agent there, or trivet server --agents DIR'

/** What a machine joins with. */
export interface Invitation {
  /** By which it is withdrawn; undefined where it is no secret. */
  id: string | undefined
  token: string
  /** ms since 1970; until then a launch that was cut off is asked for again. */
  endsAt: number
  /** SHA-256 of the script that installs the agent; undefined where the server hands none out. */
  installer: string | undefined
}

/** The server that the nodes are to join, by its API alone. */
export class Server {
  readonly #client: Client
  /** Where nodes reach it. */
  readonly url: ServerUrl
  #away: { note: (text: string) => void; consequence: string } | undefined
  #isAway = false
  readonly #cluster: string

  constructor(client: Client, url: ServerUrl, { cluster }: Pick<ClusterFile, 'cluster'>) {
    this.#client = client
    this.url = url
    this.#cluster = cluster
  }

  /** From now on a server that cannot be reached is done without, which is told once, with its consequence: machines cost, whether there is a server or not. */
  doWithout(note: (text: string) => void, consequence: string) {
    this.#away = { note, consequence }
  }

  get isAway() {
    return this.#isAway
  }

  get address() {
    return this.#client.url
  }

  /** The nodes of the cluster that are in the fleet, by name. */
  async nodes(): Promise<ReadonlyMap<string, ListedNode>> {
    const list = () => this.#client.list(api.listNodes, { cluster: this.#cluster })
    const nodes = (await this.#unlessAway(list)) ?? []
    return new Map(nodes.map((node) => [node.name, node]))
  }

  /** Refuses a cluster whose nodes are to have roles that there are not, before anything is made for it. */
  async requireRoles({ groups }: ClusterFile) {
    const known = new Set((await this.#client.list(api.listRoles, {})).map(({ name }) => name))
    for (const [group, { roles }] of Object.entries(groups)) {
      const unknown = roles.filter((role) => !known.has(role))
      if (unknown.length > 0)
        throw new CommandError(
          `groups.${group}.roles: the server has no role ${unknown.join(', ')}. Next: trivet role list`,
        )
    }
  }

  /** For that one node, once. What a launcher that was cut off has invited it with before is worth nothing any more. */
  async invite(node: string, roles: string[]): Promise<Invitation> {
    const unused = await this.#client.list(api.listTokens, {})
    for (const { id, names, cluster } of unused)
      if (names === node && cluster === this.#cluster) await this.#client.call(api.deleteToken, { id })
    const asked = { names: node, roles, cluster: this.#cluster, uses: 1, ttlMs: tokenLivesMs }
    const { id, token, expiresAt, installer } = await this.#client.call(api.createToken, asked)
    return { id, token, endsAt: expiresAt, installer }
  }

  /** Nobody joins with it any more. One that is used up is as wanted, and so is that of a server which is away: it ends by itself. */
  async withdraw(id: string | undefined) {
    if (id === undefined || this.#isAway) return
    try {
      const usable = await this.#client.list(api.listTokens, {})
      if (usable.some((token) => token.id === id)) await this.#client.call(api.deleteToken, { id })
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
    }
  }

  /** For instances of the group: no secret, and no token that could be used otherwise. */
  async inviteAttested(group: string): Promise<Invitation> {
    const { token, installer, clusters } = await this.#client.call(api.readAttestation, {})
    if (!clusters[this.#cluster]?.[group])
      throw new CommandError(
        `the server lets no instance of group ${group} of cluster ${this.#cluster} in by what it is. Next: add the group to the file of trivet server --attest, or take enrolment: token`,
      )
    return { id: undefined, token, endsAt: Date.now() + tokenLivesMs, installer }
  }

  /** Makes the name free for a machine that is to be made: whatever had it before is no more. */
  async freeName(node: string) {
    const living = await this.#find(node)
    if (living?.connected)
      throw new CommandError(
        `${node}: a node of that name is connected to the server, and is no machine of the cluster file. Next: trivet node show ${node}`,
      )
    if (living || (await this.archived()).has(node)) await this.#client.call(api.revokeNode, { node })
  }

  async assign(node: string, roles: string[]) {
    await this.#client.call(api.assignRoles, { node, roles })
  }

  /** Names of all nodes that are archived, of whatever cluster. */
  async archived(): Promise<ReadonlySet<string>> {
    return new Set((await this.#client.list(api.listArchivedNodes, {})).map(({ name }) => name))
  }

  /** Back into the fleet; its agent connects again within a minute. */
  async restore(node: string) {
    await this.#client.call(api.restoreNode, { node })
  }

  /** Out of the fleet; its history stays. */
  async archive(node: string) {
    await this.#unlessAway(async () => {
      if (await this.#find(node)) await this.#client.call(api.archiveNode, { node })
    })
  }

  async #unlessAway<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#isAway) return undefined
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof Unreachable) || !this.#away) throw error
      this.#isAway = true
      this.#away.note(`${error.message} It is done without: ${this.#away.consequence}.`)
      return undefined
    }
  }

  async #find(node: string): Promise<ListedNode | undefined> {
    const found = await this.#client.list(api.listNodes, { text: node })
    const living = found.find(({ name }) => name === node)
    if (living && living.cluster !== this.#cluster)
      throw new CommandError(
        `${node}: the server has a node of that name in cluster ${living.cluster}. Next: name the cluster of the file otherwise`,
      )
    return living
  }
}
