import { z } from 'zod'

/** What a command's options say of a flag, or of its operands. */
export function fieldOf(options: z.ZodType, name: string) {
  const field: unknown = options instanceof z.ZodObject ? options.shape[name] : undefined
  return field instanceof z.ZodType ? field : z.unknown()
}

/** The values of an enumeration, or of a list of them. */
export function choicesOf(schema: z.ZodType): string[] {
  const { enum: one, items } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const many = items !== undefined && typeof items === 'object' && !Array.isArray(items) ? items.enum : undefined
  return (one ?? many ?? []).map(String)
}
