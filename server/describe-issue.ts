import type { z } from 'zod'

/** `targets.0.node: Invalid input` */
export function describeIssue({ path, message }: z.core.$ZodIssue) {
  return path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message
}
