import { z } from 'zod'
import { Common } from '../protocol/catalog.ts'
import type { ResourceType } from '../resources/define.ts'

interface Schema {
  type?: string | undefined
  description?: string | undefined
  default?: unknown | undefined
  enum?: unknown[] | undefined
  anyOf?: Schema[] | undefined
  items?: Schema | undefined
  properties?: Record<string, Schema> | undefined
  additionalProperties?: Schema | boolean | undefined
  required?: string[] | undefined
}

/** The reference of resources, made from their schemas, so that it cannot say what the code does not. */
export function resourcesPage(types: ResourceType[]) {
  const list = types.map(({ type, summary }) => `- [\`${type}\`](#${type}) ${summary}`).join('\n')
  return `${[intro, list, common(), ...types.map(section)].join('\n\n')}\n`
}

const intro = `# Resources

<!-- Made from resources/*.ts. Do not edit: change the schema, then run GOLDEN=write npm run unit. -->

A resource is one thing on a node, written \`type[name]\`. A recipe declares it with \`type(name, props)\`; the agent checks whether the node
already is so, and changes only what differs.`

function common() {
  const rows = table(z.toJSONSchema(Common), [])
  const notifies = row(
    'notifies',
    'map of action to resource',
    '',
    "What is owed, once and at the end of the run, when this resource changed, such as `{ restart: 'service[web]' }`.",
  )
  return `## Every resource\n\nBeside its own props, every resource takes:\n\n${rows}\n${notifies}`
}

function section({ type, summary, example, name, props, blobs, actions }: ResourceType) {
  const refusal = name.safeParse('-').error?.issues[0]?.message ?? ''
  return [
    `## ${type}`,
    summary,
    `The name ${refusal}.`,
    `\`\`\`ts\n${example ?? ''}\n\`\`\``,
    table(z.toJSONSchema(props, { io: 'input' }), blobs ?? []),
    ...(actions ? [`Actions to notify: ${Object.keys(actions).map(code).join(', ')}.`] : []),
  ].join('\n\n')
}

function table(schema: Schema, blobs: string[]) {
  const rows = Object.entries(schema.properties ?? {}).map(([prop, inner]) => {
    const needed = schema.required?.includes(prop) ? 'needed' : ''
    const fallback = inner.default === undefined || isEmpty(inner.default) ? needed : code(quoted(inner.default))
    return row(
      prop,
      blobs.includes(prop) ? 'text, `template()` or `source()`' : typeOf(inner),
      fallback,
      inner.description ?? '',
    )
  })
  return ['| prop | type | default | |', '|---|---|---|---|', ...rows].join('\n')
}

function row(prop: string, type: string, fallback: string, meaning: string) {
  return `| \`${prop}\` | ${type} | ${fallback} | ${meaning.replaceAll('|', '\\|')} |`
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((one) => code(quoted(one))).join(' or ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}s`
  if (schema.properties)
    return `record of ${Object.keys(schema.properties)
      .map((key) => nested(key, schema))
      .join(', ')}`
  if (schema.type === 'object') return 'map of strings'
  return schema.type ?? 'anything'
}

function nested(key: string, { required, properties }: Schema) {
  const fallback = properties?.[key]?.default
  if (fallback !== undefined) return `${code(key)} (${code(quoted(fallback))})`
  return required?.includes(key) ? `${code(key)} (needed)` : code(key)
}

/** As a recipe writes it. */
function quoted(value: unknown) {
  return JSON.stringify(value).replaceAll('"', "'")
}

function isEmpty(value: unknown) {
  return Array.isArray(value) && value.length === 0
}

function code(text: string) {
  return `\`${text}\``
}
