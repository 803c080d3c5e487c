import { diffArrays } from 'diff'
import { type Document, isCollection, isMap, isNode, isScalar, type Node, parse, parseDocument, Scalar } from 'yaml'
import { isRecord } from '../../protocol/is-record.ts'
import { isSame, type Steps, stepsTo, valueAt, withValue } from './pointer.ts'

/** The text with `value` where the pointer leads, or with nothing there where it is undefined. */
export function editYaml(text: string, pointer: string, value: unknown) {
  const whole = read(text)
  const steps = stepsTo(pointer, whole)
  if (isSame(valueAt(whole, steps), value)) return text
  const wanted = withValue(whole, steps, value)
  for (const candidate of candidates(text, steps, value, whole)) if (reads(candidate, wanted)) return candidate
  throw new Error(`${pointer} cannot be changed without changing more: does an alias or an anchor stand there?`)
}

function candidates(text: string, steps: Steps, value: unknown, whole: unknown) {
  // To this schema all values are texts, so that it writes 0644 and yes as it has read them.
  const document: Document = parseDocument(text, { schema: 'failsafe' })
  const { contents } = document
  if (!isCollection(contents)) document.contents = inPlaceOf(contents, document.createNode({}))
  const layout = layoutOf(text)
  const before = document.toString(layout)
  if (value === undefined) document.deleteIn(steps)
  else put(document, steps, value, whole)
  const after = document.toString(layout)
  return [withLayout(text, before, after), after]
}

function read(text: string): unknown {
  const document = parseDocument(text)
  const [error] = document.errors
  if (!error) return document.toJS()
  const [said = ''] = error.message.split('\n')
  throw new Error(`it cannot be read as YAML: ${said.replace(/:$/, '')}. Mend it, then it can be edited.`)
}

function reads(text: string, wanted: unknown) {
  try {
    return isSame(read(text), wanted)
  } catch {
    return false
  }
}

function put(document: Document, steps: Steps, value: unknown, whole: unknown) {
  const empty = steps.findIndex((_, index) => (valueAt(whole, steps.slice(0, index + 1)) ?? null) === null)
  const path = empty < 0 ? steps : steps.slice(0, empty + 1)
  const inner = steps.slice(path.length).reduceRight((under, key) => ({ [key]: under }), value)
  const node = inPlaceOf(document.getIn(path, true), document.createNode(scalarsIn(inner)))
  const parent: unknown = document.getIn(path.slice(0, -1), true)
  const key = path.at(-1)
  if (isMap(parent) && !parent.has(key)) parent.add(document.createPair(scalarOf(key), node))
  else document.setIn(path, node)
}

/** With what is said beside it, and a text quoted as it was. */
function inPlaceOf(old: unknown, node: Node) {
  if (!isNode(old)) return node
  const beside = old.comment
  node.commentBefore = old.commentBefore ?? null
  if (isScalar(node)) node.comment = beside ?? null
  else if (beside) node.commentBefore = beside
  const quotes = isScalar(old) && (old.type === 'QUOTE_DOUBLE' || old.type === 'QUOTE_SINGLE') && old.type
  if (quotes && isScalar(node) && node.type !== 'PLAIN') node.type = quotes
  return node
}

function scalarsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scalarsIn)
  if (!isRecord(value)) return scalarOf(value)
  return new Map(Object.entries(value).map(([key, inner]) => [scalarOf(key), scalarsIn(inner)]))
}

/** Quoted where a reader of YAML 1.1, as most are, or of 1.2 would take it for something else than a text. */
function scalarOf(value: unknown) {
  const scalar = new Scalar(typeof value === 'string' ? value : JSON.stringify(value))
  if (typeof value !== 'string') scalar.type = 'PLAIN'
  else if (!value.includes('\n') && !(isText(value, '1.1') && isText(value, '1.2'))) scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

function isText(value: string, version: '1.1' | '1.2') {
  try {
    return parse(value, { version, logLevel: 'silent' }) === value
  } catch {
    return false
  }
}

/** Only the lines that are to change, where the others can be told apart: a document's own writing lays out all of them anew. */
function withLayout(text: string, before: string, after: string) {
  const own = text.split('\n')
  const old = before.split('\n')
  if (own.length !== old.length) return after
  let at = 0
  const lines = diffArrays(old, after.split('\n')).flatMap(({ added, removed, value }) => {
    if (added) return indentedAs(own, old, at, value)
    at += value.length
    return removed ? [] : own.slice(at - value.length, at)
  })
  return lines.join('\n')
}

/** Lines that are to come before line `at`, as far in as those that the document writes as far in as them. */
function indentedAs(own: string[], old: string[], at: number, added: string[]) {
  const written = indentOf(added[0] ?? '')
  const like = old.slice(0, at).findLastIndex((line) => line !== '' && indentOf(line) === written)
  if (like < 0) return added
  const indent = indentOf(own[like] ?? '')
  return added.map((line) => (line.startsWith(written) ? indent + line.slice(written.length) : line))
}

function indentOf(line: string) {
  return /^ */.exec(line)?.[0] ?? ''
}

function layoutOf(text: string) {
  const [, indent = '  '] = /^( +)[^\s#]/m.exec(text) ?? []
  const sequence = /^( *)[^\s#-].*:[ \t]*(?:#.*)?\n( *)- /m.exec(text)
  return {
    lineWidth: 0,
    indent: indent.length,
    indentSeq: sequence === null || sequence[1] !== sequence[2],
    flowCollectionPadding: !/[{[][^\s}\]]/.test(text),
  }
}
