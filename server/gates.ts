import { type Catalog, digestOf, type ResourceId } from '../protocol/catalog.ts'
import { gate } from '../resources/gate.ts'
import type { Connection } from './agents/connection.ts'
import type { Registry } from './agents/registry.ts'
import type { Catalogs, Wanted } from './catalogs.ts'
import { troubleOf } from './health.ts'

/** What gates wait for; all nodes that wait for the same share one. */
interface Question {
  cluster: string
  role: string
  probe: ResourceId
  atLeast: number
  /** Nodes with a gate of it. */
  askers: Set<string>
  /** Nodes of the role, with their names, and those of them that are well. */
  nodes: Map<string, string>
  well: Set<string>
}

/** A gate of a node. */
interface Asked {
  question: Question
  /** Of what it wants. */
  digest: string
}

export interface GateParts {
  catalogs: Catalogs
  registry: Registry
}

/** How many nodes are named of those that are well, and of those that are not. */
const named = 3

/** Which gates are closed, and why: counted as health comes in, so that a node's word costs no look at all others. */
export class Gates {
  readonly #catalogs: Catalogs
  readonly #registry: Registry
  readonly #questions = new Map<string, Question>()
  /** By the node that has them, and the name of the gate. */
  readonly #gates = new Map<string, Map<string, Asked>>()
  /** By the node that is looked at. */
  #about = new Map<string, Question[]>()

  constructor({ catalogs, registry }: GateParts) {
    this.#catalogs = catalogs
    this.#registry = registry
    catalogs.onChange((wanted) => this.#index(wanted))
    catalogs.onLook(() => this.#lookAgain())
  }

  /** Of the node's gates those that are closed, by name, and why. */
  closedFor(nodeId: string) {
    const closed: Record<string, string> = {}
    for (const [name, { question }] of this.#gates.get(nodeId) ?? [])
      if (isClosed(question)) closed[name] = this.#whyClosed(question)
    return closed
  }

  /** The others, with the digests of what they want. */
  #openFor(nodeId: string) {
    const open = [...(this.#gates.get(nodeId) ?? [])].filter(([, { question }]) => !isClosed(question))
    return Object.fromEntries(open.map(([name, { digest }]) => [name, digest]))
  }

  /** Tells the node how its gates are, if that is news to it. */
  tell(connection: Connection) {
    const { id } = connection.node
    if (!this.#gates.has(id) && connection.toldGates === undefined) return
    const [open, closed] = [this.#openFor(id), this.closedFor(id)]
    // Why they are closed is told with the next one that opens or closes.
    const told = digestOf([open, Object.keys(closed).toSorted()])
    if (told === connection.toldGates) return
    connection.toldGates = told
    connection.send({ type: 'gates', open, closed })
  }

  /** The health of the node, or whether it is connected, is another than before. */
  heard(nodeId: string) {
    for (const question of this.#about.get(nodeId) ?? []) this.#changing(question, () => this.#count(question, nodeId))
  }

  /** A node whose catalog does not compile goes by the one that it has. */
  #index({ node: { id, cluster }, compiled }: Wanted) {
    if (!('catalog' in compiled)) return
    const found = gatesIn(compiled.catalog)
    if (found.length === 0 && !this.#gates.has(id)) return
    this.#forget(id)
    if (found.length === 0) return
    const gates = found.map(([name, want]): [string, Asked] => {
      return [name, { question: this.#questionOf(cluster, want), digest: digestOf(want) }]
    })
    for (const [, { question }] of gates) question.askers.add(id)
    this.#gates.set(id, new Map(gates))
  }

  #forget(nodeId: string) {
    for (const { question } of this.#gates.get(nodeId)?.values() ?? []) question.askers.delete(nodeId)
    this.#gates.delete(nodeId)
  }

  #questionOf(cluster: string, { role, probe, atLeast }: Pick<Question, 'role' | 'probe' | 'atLeast'>) {
    const key = JSON.stringify([cluster, role, probe, atLeast])
    const known = this.#questions.get(key)
    if (known) return known
    const question = {
      cluster,
      role,
      probe,
      atLeast,
      askers: new Set<string>(),
      nodes: new Map(),
      well: new Set<string>(),
    }
    this.#questions.set(key, question)
    this.#fill(question)
    return question
  }

  /** Nodes may have come, gone and been given roles. */
  #lookAgain() {
    for (const id of this.#gates.keys()) if (!this.#catalogs.of(id)) this.#forget(id)
    this.#about = new Map()
    for (const [key, question] of this.#questions) {
      if (question.askers.size === 0) this.#questions.delete(key)
      else this.#changing(question, () => this.#fill(question))
    }
  }

  #fill(question: Question) {
    question.nodes.clear()
    question.well.clear()
    for (const { node } of this.#catalogs.all()) {
      if (node.cluster !== question.cluster || !node.roles.includes(question.role)) continue
      question.nodes.set(node.id, node.name)
      this.#count(question, node.id)
      this.#about.set(node.id, [...(this.#about.get(node.id) ?? []), question])
    }
  }

  #count({ nodes, well, probe }: Question, nodeId: string) {
    const trouble = troubleOf(nodes.get(nodeId) ?? nodeId, [probe], this.#registry.of(nodeId))
    if (trouble === null) well.add(nodeId)
    else well.delete(nodeId)
  }

  #changing(question: Question, change: () => void) {
    const before = isClosed(question)
    change()
    if (isClosed(question) === before) return
    for (const id of question.askers) {
      const connection = this.#registry.ready(id)
      if (connection) this.tell(connection)
    }
  }

  #whyClosed({ cluster, role, probe, atLeast, nodes, well }: Question) {
    if (nodes.size === 0) return `no node of cluster ${cluster} has the role ${role}`
    const names = [...well].slice(0, named).map((id) => nodes.get(id))
    const isWell = names.length > 0 ? [`${probe} is well on ${names.join(', ')}`] : []
    return `${well.size} of ${atLeast} needed: ${[...isWell, ...this.#troubles(probe, nodes, well)].join('; ')}`
  }

  #troubles(probe: ResourceId, nodes: Map<string, string>, well: Set<string>) {
    const troubles: string[] = []
    for (const [id, name] of nodes) {
      if (well.has(id)) continue
      if (troubles.length === named) return [...troubles, `and ${nodes.size - well.size - named} more`]
      troubles.push(troubleOf(name, [probe], this.#registry.of(id)) ?? '')
    }
    return troubles.length > 0 ? troubles : [`no other node has the role`]
  }
}

function isClosed({ well, atLeast }: Question) {
  return well.size < atLeast
}

function gatesIn({ resources }: Catalog) {
  const found = resources.filter(({ type }) => type === gate.type)
  return found.map(({ name, props }) => [name, gate.props.parse(props)] as const)
}
