/** Many measurements of one thing. */
export interface Spread {
  median: number
  min: number
  max: number
}

export function spreadOf(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new Error('nothing was measured, so there is no median')
  }
  return { median: (low + high) / 2, min, max }
}

/** Three significant digits are more than such a measurement is worth. */
export function rounded(value: number) {
  return Number(value.toPrecision(3))
}
