import { z } from 'zod'
import { type Disabled, digestOf } from '../../protocol/catalog.ts'
import type { Facts } from '../../protocol/facts.ts'

export interface NodeInput {
  name: string
  cluster: string
  /** In the order of assignment. */
  roles: string[]
  /** Null until the node has sent them. */
  facts: Facts | null
  /** The node's own, by dotted key: `zookeeper.tickTime`. */
  attributes: Record<string, unknown>
  clusterAttributes: Record<string, unknown>
  /** The node is only looked at. */
  audit?: true
  disabled?: Disabled
}

export interface PeerView {
  name: string
  address: string
  roles: string[]
  facts: Facts
  /** Within the role that was asked for. */
  ordinal: number | null
}

/** One moment of a cluster: it answers the same however often it is asked. Nodes without facts are not in it. */
export interface ClusterView {
  withRole(role: string): PeerView[]
  ordinal(node: string, role: string): number | null
}

/** What a recipe asked of the cluster: a question that can be asked again, and the digest of the answer. */
export interface Asked {
  question: string
  answer: string
}

const Question = z.union([
  z.strictObject({ withRole: z.string() }),
  z.strictObject({ ordinal: z.string(), role: z.string() }),
])
type Question = z.infer<typeof Question>

/** The view of one compilation, which keeps what was asked. */
export function recordAsked(cluster: ClusterView) {
  const asked = new Map<string, Asked>()
  const record = <Answer>(question: Question, { answer, digest }: Answered<Answer>) => {
    const key = JSON.stringify(question)
    asked.set(key, { question: key, answer: digest })
    return answer
  }
  return {
    withRole: (role: string) => record({ withRole: role }, peersOf(cluster, role)),
    ordinal: (node: string, role: string) => record({ ordinal: node, role }, ordinalOf(cluster, node, role)),
    asked: () => [...asked.values()],
  }
}

/** Whether any of the questions has another answer now. */
export function answersChanged(asked: Asked[], cluster: ClusterView) {
  return asked.some(({ question, answer }) => answerTo(Question.parse(JSON.parse(question)), cluster).digest !== answer)
}

interface Answered<Answer> {
  answer: Answer
  digest: string
}

function answerTo(question: Question, cluster: ClusterView): Answered<unknown> {
  if ('withRole' in question) return peersOf(cluster, question.withRole)
  return ordinalOf(cluster, question.ordinal, question.role)
}

// A thousand nodes that each ask for all thousand would otherwise digest a million peers.
const peersByView = new WeakMap<ClusterView, Map<string, Answered<PeerView[]>>>()

function peersOf(cluster: ClusterView, role: string) {
  const known = peersByView.get(cluster) ?? new Map<string, Answered<PeerView[]>>()
  peersByView.set(cluster, known)
  const answer = known.get(role) ?? answered(cluster.withRole(role).toSorted((a, b) => (a.name < b.name ? -1 : 1)))
  known.set(role, answer)
  return answer
}

function ordinalOf(cluster: ClusterView, node: string, role: string) {
  return answered(cluster.ordinal(node, role))
}

function answered<Answer>(answer: Answer): Answered<Answer> {
  return { answer, digest: digestOf(answer) }
}
