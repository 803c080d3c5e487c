/** What this store wrote itself is of the type it was written with: it was parsed at the border, once. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the one place where the type of a column is claimed
export function fromJson<Value>(text: string) {
  const value: Value = JSON.parse(text)
  return value
}
