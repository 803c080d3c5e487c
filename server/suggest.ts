import { closest } from '../protocol/closest.ts'

/** So many names an error tells at most: a fleet has thousands. */
const told = 20

/** `Did you mean x?`, or what there is when nothing comes near; each as it is to be typed, with what stands `before` it. */
export function suggest(wrong: string, known: Iterable<string>, before = '') {
  const names = [...known].toSorted()
  const near = closest(wrong, names)
  if (near !== undefined) return `Did you mean ${before}${near}?`
  if (names.length === 0) return 'There is none.'
  const more = names.length > told ? ` and ${names.length - told} more` : ''
  return `There is: ${names
    .slice(0, told)
    .map((name) => before + name)
    .join(', ')}${more}.`
}
