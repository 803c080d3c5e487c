/**
 * Stands for zod in the quick program, where making the schemas would be half of a cold start. What the agent itself wrote, and has read
 * with the real one before (kept-catalog.ts notes which), is taken as it is; after `trustNoMore` parsing throws, so that a check which
 * reads what others wrote is left to the whole agent.
 */
let isTrusted = true

export function trustNoMore() {
  isTrusted = false
}

const schema: object = new Proxy(() => {}, {
  get: (_target, key) => {
    if (key === 'parse') return same
    return key === 'safeParse' ? succeed : schema
  },
  apply: () => schema,
  construct: () => schema,
})

function same(data: unknown) {
  if (!isTrusted) throw new Error('nothing can be parsed here')
  return data
}

function succeed(data: unknown) {
  return { success: true, data: same(data) }
}

/** @public What imports zod gets it, by the alias of build.ts. */
export { schema as z }
