/**
 * Stands for zod in the quick program, which reads nothing but files that the agent itself wrote and has read with the real one before
 * (kept-catalog.ts notes which): a schema is nothing there, and parsing gives what is given. Making the schemas is half of a cold start.
 */
const schema: object = new Proxy(() => {}, {
  get: (_target, key) => {
    if (key === 'parse') return same
    return key === 'safeParse' ? succeed : schema
  },
  apply: () => schema,
  construct: () => schema,
})

function same(data: unknown) {
  return data
}

function succeed(data: unknown) {
  return { success: true, data }
}

export { schema as z }
