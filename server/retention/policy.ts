import { z } from 'zod'
import { closest } from '../../protocol/closest.ts'
import { type Forgettable, forgettable } from '../store/retention.ts'

/** How long one kind is kept, and how many of it: both must hold. */
export interface Limits {
  ageMs?: number
  newest?: number
}

/** What is not in it is kept for good. */
export type Policy = Partial<Record<Forgettable, Limits>>

/** `runs=90d`, `orders=10000`, or both: `runs=90d,1000000`. */
const ruleOf = (Age: z.ZodType<number>) =>
  z.string().transform((text, context): [Forgettable, Limits] => {
    const [word = '', ...rest] = text.split('=')
    const kind = forgettable.find((one) => one === word)
    const issue = (message: string) => {
      context.addIssue(message)
      return z.NEVER
    }
    if (!kind) {
      const near = closest(word, [...forgettable])
      return issue(
        `there is no ${word} to keep; ${near ? `did you mean ${near}?` : `there is ${forgettable.join(', ')}`}`,
      )
    }
    const limits: Limits = {}
    for (const limit of rest.join('=').split(',')) {
      const age = Age.safeParse(limit)
      const newest = /^\d{1,12}$/.test(limit) ? Number(limit) : 0
      if (age.success && age.data > 0) limits.ageMs = age.data
      else if (newest > 0) limits.newest = newest
      else
        return issue(`'${limit}' is neither an age nor a number; write ${kind}=90d, ${kind}=10000 or ${kind}=90d,10000`)
    }
    return [kind, limits]
  })

/** Of several rules; ages are written as everywhere else. */
export const policyOf = (Age: z.ZodType<number>) =>
  z.array(ruleOf(Age)).transform((rules) => {
    const policy: Policy = {}
    for (const [kind, limits] of rules) policy[kind] = { ...policy[kind], ...limits }
    return policy
  })
