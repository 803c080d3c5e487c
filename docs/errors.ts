import type { codes } from '../protocol/api/codes.ts'

/** The page of what the API refuses with, made from the codes. */
export function errorsPage(all: typeof codes) {
  const sections = Object.entries(all).map(([code, { status, about }]) => `## ${code}\n\nHTTP ${status}. ${about}`)
  return `${[intro, ...sections].join('\n\n')}\n`
}

const intro = `# Errors of the API

<!-- Made from protocol/api/codes.ts. Do not edit: change the codes, then run npm run docs. -->

What the server refuses it answers with one JSON:

\`\`\`json
{ "error": "There is no node web-2. Did you mean web-1?", "code": "unknown-node", "request": "1f0a93b2c4d5" }
\`\`\`

\`error\` is for people and may change its words. \`code\` is for programs: it is one of those below, and stays what it is. \`request\` is the name of the
request in the server's log; each response has it in its header \`x-request-id\` too, and whoever sends such a header names the request. \`details\`,
where the code has some, is for programs as well.`
