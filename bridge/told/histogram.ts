const bounds = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120]

/** How long things took, in the buckets of Prometheus. */
export class Histogram {
  readonly #counts = bounds.map(() => 0)
  #count = 0
  #sum = 0
  last: number | undefined

  observe(seconds: number) {
    this.#count++
    this.#sum += seconds
    this.last = seconds
    for (const [index, bound] of bounds.entries())
      if (seconds <= bound) this.#counts[index] = (this.#counts[index] ?? 0) + 1
  }

  lines(name: string) {
    const buckets = bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${this.#counts[index] ?? 0}`)
    return [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ]
  }
}
