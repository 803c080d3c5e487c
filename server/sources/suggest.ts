/** ` Did you mean x?`, or what there is when nothing comes near. */
export function suggest(wrong: string, known: Iterable<string>) {
  const names = [...known].toSorted()
  const near = names
    .map((name) => ({ name, far: distance(wrong, name) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(Math.max(wrong.length, name.length) / 3)))
    .toSorted((a, b) => a.far - b.far)[0]
  if (near) return `Did you mean ${near.name}?`
  return names.length > 0 ? `There is: ${names.join(', ')}.` : 'There is none.'
}

/** How many letters to replace, add, drop, or swap with their neighbour. */
function distance(a: string, b: string) {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
