/** What an author's code threw, in words. Never throws itself, whatever getters and `toString` the thing has. */
export function describeThrown(thrown: unknown) {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  } catch {
    // It cannot even be asked what it is, and the author has to hear of it all the same.
    return 'something that cannot be shown'
  }
}
