/** `--context NAME` is for every verb, before or after it: taken out here, so that no verb has to declare it. */
export function takeContext(args: string[]): { args: string[]; context?: string } {
  const end = args.indexOf('--')
  const at = args.findIndex((arg, index) => (end < 0 || index < end) && /^--context(=|$)/.test(arg))
  const found = args[at]
  if (found === undefined) return { args }
  if (found.includes('=')) return { args: args.toSpliced(at, 1), context: found.slice('--context='.length) }
  return { args: args.toSpliced(at, 2), context: args[at + 1] ?? '' }
}
