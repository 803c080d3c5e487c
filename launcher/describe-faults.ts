import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node } from 'yaml'
import type { z } from 'zod'
import { closest } from '../protocol/closest.ts'
import { describeIssue } from '../protocol/describe-issue.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

interface Text {
  path: string
  document: Document
  lines: LineCounter
  /** All that the document says, before a group was given what `defaults` says. */
  written: unknown
  /** Each key that there is anywhere in such a file. */
  keys: string[]
}

/** `walking.yaml:7: groups.web: has cuont, which there is not. Did you mean count?`, a line for each thing that is wrong, from the top; what is wrong in `defaults` once, not for each group. */
export function describeFaults(issues: Issue[], text: Text): string {
  const faults = issues.flatMap(eachKey).map((issue) => faultOf(issue, text))
  const inOrder = faults.toSorted((a, b) => a.line - b.line)
  return [...new Set(inOrder.map(({ line, words }) => `${text.path}:${line}: ${words}`))].join('\n')
}

function eachKey(issue: Issue): Issue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue]
}

function faultOf(issue: Issue, { document, lines, written, keys }: Text) {
  const [wrong] = issue.code === 'unrecognized_keys' ? issue.keys : []
  const path = pathOf(issue.path, wrong, document)
  const { line } = lines.linePos(offsetOf(document, wrong === undefined ? path : [...path, wrong]))
  const near = wrong === undefined || keys.includes(wrong) ? undefined : closest(wrong, keys)
  const described = describeIssue({ ...issue, path: [...path] }, { value: written })
  return { line, words: near === undefined ? described : `${described}. Did you mean ${near}?` }
}

/** In the text: what a group does not say itself stands in `defaults`. */
function pathOf(path: Path, wrong: string | undefined, document: Document): Path {
  const [top, group, ...rest] = path
  const [entry] = wrong === undefined || rest.length > 0 ? rest : [wrong]
  if (top !== 'groups' || entry === undefined) return path
  return !document.hasIn([top, group, entry]) && document.hasIn(['defaults', entry]) ? ['defaults', ...rest] : path
}

/** That of the deepest entry on the way which the text has: what is missing is missing there. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents
  let offset = startOf(document.contents)
  for (const step of path) {
    const inside = isAlias(node) ? node.resolve(document) : node
    if (isMap(inside)) {
      const pair = inside.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (!pair) break
      if (isScalar(pair.key)) offset = startOf(pair.key)
      node = pair.value
    } else if (isSeq(inside)) {
      node = inside.items[Number(step)]
      if (isScalar(node) || isMap(node) || isSeq(node)) offset = startOf(node)
    } else break
  }
  return offset
}

function startOf(node: Pick<Node, 'range'> | null) {
  return node?.range?.[0] ?? 0
}
