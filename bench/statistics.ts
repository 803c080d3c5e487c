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

/** The smallest value that so many of a hundred do not exceed. */
export function percentile(values: number[], of100: number) {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil((of100 / 100) * sorted.length) - 1)]
  if (value === undefined) throw new Error('nothing was measured, so there is no percentile')
  return value
}

/** Three significant digits are more than such a measurement is worth. */
export function rounded(value: number) {
  return Number(value.toPrecision(3))
}

/** For a table: three digits, or all of a thousand and more; what was not measured is a dash. */
export function shown(value: number | undefined) {
  if (value === undefined) return '-'
  return value >= 1000 ? value.toFixed() : String(rounded(value))
}
