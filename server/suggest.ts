import { closest } from '../protocol/closest.ts'

/** So many names an error tells at most: a fleet has thousands. */
const told = 20

/** `Did you mean x?`, or what there is when nothing comes near. */
export function suggest(wrong: string, known: Iterable<string>) {
  const names = [...known].toSorted()
  const near = closest(wrong, names)
  if (near !== undefined) return `Did you mean ${near}?`
  if (names.length === 0) return 'There is none.'
  const more = names.length > told ? ` and ${names.length - told} more` : ''
  return `There is: ${names.slice(0, told).join(', ')}${more}.`
}
