/**
 * Does something for all of them at once; where that fails, for each alone, so that one that cannot be does not keep its neighbours out.
 * Gives the errors of those that failed, by name.
 */
export async function allOrEach<Item extends { name: string }>(
  items: Item[],
  act: (items: Item[]) => Promise<unknown>,
  concernsAll: (error: Error) => boolean = () => false,
): Promise<Map<string, Error>> {
  if (items.length === 0) return new Map()
  try {
    await act(items)
    return new Map()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (items.length === 1 || concernsAll(error)) return new Map(items.map(({ name }) => [name, error]))
    const alone = new Map<string, Error>()
    for (const item of items) for (const [name, why] of await allOrEach([item], act)) alone.set(name, why)
    return alone
  }
}
