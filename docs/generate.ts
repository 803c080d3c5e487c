import { z } from 'zod'
import { Common } from '../protocol/catalog.ts'
import type { ResourceType } from '../resources/define.ts'

type Schema = z.core.JSONSchema.BaseSchema

/** The reference of resources, made from their schemas, so that it cannot say what the code does not. */
export function resourcesPage(types: ResourceType[]) {
  const list = types.map(({ type, summary }) => `- [\`${type}\`](#${type}) ${summary}`).join('\n')
  return `${[intro, list, common(), ...types.map(section)].join('\n\n')}\n`
}

const intro = `# Resources

<!-- Made from resources/*.ts. Do not edit: change the schema, then run npm run docs. -->

A resource is one thing on a node, written \`type[name]\`. A recipe declares it with \`type(name, props)\`; the agent checks whether the node
already is so, and changes only what differs.`

function common() {
  const notifies = [
    code('notifies'),
    'map of action to resource',
    '',
    "What is owed, once and at the end of the run, when this resource changed, such as `{ restart: 'service[web]' }`.",
  ]
  const rows = [...rowsOf(z.toJSONSchema(Common), []), notifies]
  return `## Every resource\n\nBeside its own props, every resource takes:\n\n${table(rows)}`
}

function section({ type, summary, example, name, props, blobs, actions }: ResourceType) {
  const refusal = name.safeParse('-').error?.issues[0]?.message ?? ''
  const rows = rowsOf(z.toJSONSchema(props, { io: 'input' }), blobs ?? [])
  return [
    `## ${type}`,
    summary,
    `The name ${refusal}.`,
    `\`\`\`ts\n${example ?? ''}\n\`\`\``,
    rows.length > 0 ? table(rows) : 'It has no props of its own.',
    ...(actions ? [`Actions to notify: ${Object.keys(actions).map(code).join(', ')}.`] : []),
  ].join('\n\n')
}

function rowsOf(schema: Schema, blobs: string[]) {
  return Object.entries(schema.properties ?? {}).map(([prop, given]) => {
    const inner = one(given)
    const needed = schema.required?.includes(prop) ? 'needed' : ''
    const fallback = inner.default === undefined || isEmpty(inner.default) ? needed : code(quoted(inner.default))
    const type = blobs.includes(prop) ? 'text, `template()` or `source()`' : typeOf(inner)
    return [code(prop), type, fallback, inner.description ?? '']
  })
}

/** Laid out as the formatter does it, so that the page is left alone by it. */
export function table(rows: string[][], head = ['prop', 'type', 'default', '']) {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

export function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => code(quoted(value))).join(' or ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${plural(one(schema.items))}`
  if (schema.properties)
    return `record of ${Object.entries(schema.properties)
      .map(([key, inner]) => nested(key, one(inner), schema.required ?? []))
      .join(', ')}`
  if (schema.type === 'object') return `map of ${plural(one(schema.additionalProperties))}`
  return String(schema.type ?? 'anything')
}

function plural(schema: Schema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(plural))].join(' or ')
  const type = typeOf(schema)
  return /^[a-z]+$/.test(type) && type !== 'anything' ? `${type}s` : type
}

function nested(key: string, inner: Schema, required: string[]) {
  if (inner.default !== undefined) return `${code(key)} (${code(quoted(inner.default))})`
  return required.includes(key) ? `${code(key)} (needed)` : code(key)
}

/** JSON Schema also knows `true` and lists where one schema can stand; ours has neither. */
function one(given: Schema | Schema[] | boolean | (Schema | boolean)[] | undefined): Schema {
  return typeof given === 'object' && !Array.isArray(given) ? given : {}
}

/** As a recipe writes it. */
export function quoted(value: unknown) {
  return JSON.stringify(value).replaceAll('"', "'")
}

function isEmpty(value: unknown) {
  return Array.isArray(value) && value.length === 0
}

function code(text: string) {
  return `\`${text}\``
}
