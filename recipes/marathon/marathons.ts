import { z } from 'zod'

/** What others need to know of Marathon, of what `attributesOf('marathon')` gives. */
export const Marathon = z.object({ role: z.string(), port: z.int() })
