import { z } from 'zod'
import { digestOf } from '../../protocol/catalog.ts'
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
}

export interface PeerView {
  name: string
  address: string
  roles: string[]
  facts: Facts
  /** Within the role that was asked for. */
  ordinal: number | null
}

/** What may be asked of one cluster. Nodes without facts are not in it. */
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

/** The view of one compilation: every question is put once and kept with its answer. */
export function recordAsked(cluster: ClusterView) {
  const peers = new Map<string, PeerView[]>()
  const ordinals = new Map<string, number | null>()
  const asked = new Map<string, Asked>()

  function ask<Answer>(question: Question, answers: Map<string, Answer>, put: () => Answer) {
    const key = JSON.stringify(question)
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = put()
    answers.set(key, answer)
    asked.set(key, { question: key, answer: digestOf(answer) })
    return answer
  }

  return {
    withRole: (role: string) => ask({ withRole: role }, peers, () => byName(cluster.withRole(role))),
    ordinal: (node: string, role: string) => ask({ ordinal: node, role }, ordinals, () => cluster.ordinal(node, role)),
    asked: () => [...asked.values()],
  }
}

/** Whether any of the questions has another answer now. */
export function answersChanged(asked: Asked[], cluster: ClusterView) {
  return asked.some(
    ({ question, answer }) => digestOf(answerTo(Question.parse(JSON.parse(question)), cluster)) !== answer,
  )
}

function answerTo(question: Question, cluster: ClusterView) {
  if ('withRole' in question) return byName(cluster.withRole(question.withRole))
  return cluster.ordinal(question.ordinal, question.role)
}

function byName(peers: PeerView[]) {
  return peers.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
