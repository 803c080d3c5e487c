import type { Endpoint } from '../protocol/api/endpoint.ts'
import { inputsOf, nounOf, type Parameter } from '../protocol/api/openapi.ts'
import { quoted, table, typeOf } from './generate.ts'

/** The page of all calls, made from the table that server and clients go by. */
export function apiPage(calls: Record<string, Endpoint>) {
  const nouns = new Map<string, [string, Endpoint][]>()
  for (const call of Object.entries(calls)) {
    const noun = nounOf(call[1].path)
    nouns.set(noun, [...(nouns.get(noun) ?? []), call])
  }
  const chapters = [...nouns].map(([noun, entries]) =>
    [`## ${noun}`, ...entries.map(([name, endpoint]) => section(name, endpoint))].join('\n\n'),
  )
  return `${[intro, ...chapters].join('\n\n')}\n`
}

const intro = `# The API

<!-- Made from protocol/api/*.ts. Do not edit: change the table, then run npm run docs. -->

Everything that \`trivet\` and the console do goes over these calls: HTTPS, JSON, a token as \`Authorization: Bearer TOKEN\`. The server's certificate is by
its own CA. \`GET /api/openapi.json\` (\`trivet openapi\`) has all of it, and what is answered, as an OpenAPI 3.1 document. What is refused has a
[code](errors.md). Times are milliseconds since 1970.

A browser that signed in by \`POST /api/session\` sends a cookie instead. With it only pages of this server may call. A write needs a browser that says so
(\`Sec-Fetch-Site: same-origin\`, or its \`Origin\` where it does not tell the site) and a header \`X-Trivet-Console\`. A GET changes nothing: it is refused where the browser says that a page of
another site asks, and answered where it says nothing of the site.

**Lists** answer \`{ "items": [...], "next": "..." }\`. \`next\` given as \`after\`, with the same filters and \`sort\`, gives the page that follows, and is null on
the last one. Pages go by what was seen last, not by number: what comes or goes meanwhile moves nothing. Of nodes alone
\`skip\` asks for a page by number, and there it may.

**Writes that must not undo another's** say what they were thought out on: what is set for a node or a cluster has a \`revision\`, and a write with \`ifRevision\` is
refused with 409 \`stale-revision\` where that is another by now. \`details\` then has both sides.

**Orders** may come with a header \`Idempotency-Key\` of your choice: who asks again under the same key, since no answer came, gets the same order and gives no second one.
Another order under it is refused with 409 \`key-reused\`. Keys are each author's own, and last as long as the order. \`trivet\` sends one by itself.

**Streams** are server-sent events. Where events have ids, a stream that was cut goes on by the header \`Last-Event-ID\`, as browsers do by themselves; where
that is too long ago it begins with an event \`reset\`.`

type Input = Omit<Parameter, 'in'> & { in: string }

function section(name: string, endpoint: Endpoint) {
  const { method, path, access, summary, stream } = endpoint
  const { parameters, rest } = inputsOf(endpoint)
  const needed = rest.required ?? []
  const inBody = Object.entries(rest.properties).map(([prop, given]): Input => {
    const { description, ...schema } = typeof given === 'object' ? given : {}
    return {
      name: prop,
      in: 'body',
      required: needed.includes(prop),
      schema,
      ...(description !== undefined && { description }),
    }
  })
  const rows = [...parameters, ...inBody].map(rowOf)
  const answer =
    stream === 'events'
      ? ' Answers server-sent events.'
      : stream === 'bytes'
        ? ' Answers bytes.'
        : stream === 'text'
          ? ' Answers text.'
          : ''
  return [
    `### ${method} ${path}`,
    `${summary}${answer} For ${access === 'public' ? 'anybody' : `${access}s`}; its name is \`${name}\`.`,
    ...(rows.length > 0 ? [table(rows, ['input', 'in', 'type', 'default', ''])] : []),
  ].join('\n\n')
}

function rowOf(input: Input) {
  const fallback =
    input.schema.default === undefined ? (input.required ? 'needed' : '') : `\`${quoted(input.schema.default)}\``
  return [`\`${input.name}\``, input.in, typeOf(input.schema), fallback, input.description ?? '']
}
