/** An author's file, to find in it the line of what is wrong. */
export interface SourceText {
  path: string
  text: string
}

/** Where the file names it, as a string or as a key; its top when it does not. */
export function placeOf(word: string, { path, text }: SourceText) {
  const escaped = word.replace(/[^\w]/g, '\\$&')
  const at = text.search(new RegExp(`['"\`]${escaped}['"\`]|\\b${escaped}\\s*:`))
  if (at < 0) return `${path}:1:1`
  const before = text.slice(0, at).split('\n')
  return `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}
