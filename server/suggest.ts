import { closest } from '../protocol/closest.ts'

/** `Did you mean x?`, or what there is when nothing comes near. */
export function suggest(wrong: string, known: Iterable<string>) {
  const names = [...known].toSorted()
  const near = closest(wrong, names)
  if (near !== undefined) return `Did you mean ${near}?`
  return names.length > 0 ? `There is: ${names.join(', ')}.` : 'There is none.'
}
