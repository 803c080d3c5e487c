// The other build of jsonc-parser hides what it imports from bundlers.
import {
  applyEdits,
  findNodeAtLocation,
  getNodeValue,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
  stripComments,
} from 'jsonc-parser/lib/esm/main.js'
import { isSame, type Steps, stepsTo, valueAt, withValue } from './pointer.ts'

interface Edit {
  text: string
  root: Node
  steps: Steps
  /** Undefined: it is to go. */
  value: unknown
  /** The document as it is to be. */
  wanted: unknown
}

/** The text with `value` where the pointer leads, or with nothing there where it is undefined. */
export function editJson(text: string, pointer: string, value: unknown) {
  const before = text.trim() === '' ? '{}\n' : text
  const root = read(before)
  const whole: unknown = getNodeValue(root)
  const steps = stepsTo(pointer, whole)
  if (isSame(valueAt(whole, steps), value)) return text
  const edit = { text: before, root, steps, value, wanted: withValue(whole, steps, value) }
  const written = value === undefined ? undefined : asWritten(JSON.stringify(value))
  const wanted = withValue(asWritten(before), steps, written)
  // The library's own way takes comments along with what it removes, and damages some lists.
  for (const way of [withComments, cutOut, modified, withContainer]) {
    const after = way(edit)
    if (after !== undefined && isSame(asWritten(after), wanted)) return after
  }
  throw new Error(`${pointer} cannot be changed without changing more. Is a key on the way there twice?`)
}

function read(text: string) {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (root && !error) return root
  const line = text.slice(0, error?.offset).split('\n').length
  const what = error ? ` (${printParseErrorCode(error.error)})` : ''
  throw new Error(`line ${line} is no JSON${what}. Mend it, then it can be edited.`)
}

/** The document with its numbers as they are written: a large one would be another when it is read. Undefined if it cannot be read. */
function asWritten(text: string) {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  return root && errors.length === 0 ? valueIn(text, root) : undefined
}

function valueIn(text: string, node: Node): unknown {
  const { type, children = [] } = node
  if (type === 'number') return { number: text.slice(node.offset, endOf(node)) }
  if (type === 'array') return children.map((child) => valueIn(text, child))
  if (type !== 'object') return getNodeValue(node)
  const entries = children.flatMap(({ children: [key, value] = [] }) =>
    key && value ? [[String(key.value), valueIn(text, value)] as const] : [],
  )
  return Object.fromEntries(entries)
}

function modified({ text, steps, value }: Edit) {
  try {
    return applyEdits(text, modify(text, steps, value, { formattingOptions: layoutOf(text) }))
  } catch {
    // It can neither go into a null nor say so beforehand.
    return undefined
  }
}

/** The innermost thing that is there on the way, written anew, where no comment goes with that. */
function withContainer({ text, root, steps, wanted }: Edit) {
  const depth = steps.findLastIndex((_, index) => findNodeAtLocation(root, steps.slice(0, index)))
  const above = steps.slice(0, Math.max(depth, 0))
  const container = findNodeAtLocation(root, above) ?? root
  const inner = text.slice(container.offset, endOf(container))
  if (stripComments(inner) !== inner) return undefined
  return modified({ text, root, steps: above, value: valueAt(wanted, above), wanted })
}

function withComments(edit: Edit) {
  const found = findNodeAtLocation(edit.root, edit.steps)
  if (edit.value !== undefined) return found ? undefined : added(edit)
  return found && removed(edit.text, found.parent?.type === 'property' ? found.parent : found)
}

/** Behind the comment that stands beside what was last until now. */
function added({ text, root, steps, value }: Edit) {
  const depth = steps.findLastIndex((_, index) => findNodeAtLocation(root, steps.slice(0, index)))
  const last = findNodeAtLocation(root, steps.slice(0, depth))?.children?.at(-1)
  const [step, ...below] = steps.slice(depth)
  if (!last || step === undefined) return undefined
  const [beside, comma = '', comment] =
    /^([ \t]*,)?([ \t]*(?:\/\/.*|\/\*.*?\*\/[ \t]*$))/m.exec(text.slice(endOf(last))) ?? []
  if (beside === undefined) return undefined
  const { insertSpaces, tabSize } = layoutOf(text)
  const indent = /^[ \t]*/.exec(text.slice(lineOf(text, last)))?.[0] ?? ''
  const inner = below.reduceRight<unknown>((under, key) => ({ [key]: under }), value)
  const written = JSON.stringify(inner, null, insertSpaces ? tabSize : '\t').replaceAll('\n', `\n${indent}`)
  const entry = typeof step === 'string' ? `${JSON.stringify(step)}: ${written}` : written
  const rest = text.slice(endOf(last) + beside.length)
  return `${text.slice(0, endOf(last))},${comment}\n${indent}${entry}${comma}${rest}`
}

/** Just its own lines, where it has lines of its own. */
function removed(text: string, node: Node) {
  const start = lineOf(text, node)
  const [tail] = /^[ \t]*,?[ \t]*(\/\/.*)?\n/.exec(text.slice(endOf(node))) ?? []
  if (tail === undefined || text.slice(start, node.offset).trim() !== '') return undefined
  const siblings = node.parent?.children ?? []
  const at = siblings.indexOf(node)
  const previous = at === siblings.length - 1 ? siblings[at - 1] : undefined
  const from = previous ? endOf(previous) : start
  // What is last now may have a comma behind it no longer.
  const between = withoutComma(text.slice(from, start))
  return text.slice(0, from) + between + text.slice(endOf(node) + tail.length)
}

/** Up to what stands beside it, whose comments stay. */
function cutOut({ text, root, steps, value }: Edit) {
  const found = value === undefined ? findNodeAtLocation(root, steps) : undefined
  const node = found?.parent?.type === 'property' ? found.parent : found
  if (!node) return undefined
  const siblings = node.parent?.children ?? []
  const at = siblings.indexOf(node)
  const [previous, next] = [siblings[at - 1], siblings[at + 1]]
  if (!previous) {
    const rest = next ? text.slice(next.offset) : text.slice(endOf(node)).replace(/^\s*,/, '')
    return text.slice(0, node.offset) + rest
  }
  const between = text.slice(endOf(previous), node.offset)
  const kept = stripComments(between) === between ? '' : withoutComma(between)
  return text.slice(0, endOf(previous)) + kept + text.slice(endOf(node))
}

function withoutComma(between: string) {
  return between.replace(/^((?:\s|\/\/.*\n|\/\*[^]*?\*\/)*),/, '$1')
}

function lineOf(text: string, { offset }: Node) {
  return text.lastIndexOf('\n', offset - 1) + 1
}

function endOf({ offset, length }: Node) {
  return offset + length
}

function layoutOf(text: string) {
  const [, indent = '  '] = /^([ \t]+)\S/m.exec(text) ?? []
  const tabs = indent.startsWith('\t')
  return { insertSpaces: !tabs, tabSize: tabs ? 4 : indent.length, eol: '\n' }
}
