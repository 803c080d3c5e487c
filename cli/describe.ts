/** `name  value` lines with the values in one column; an array gives one line each; empty values are left out. */
export function facts(fields: Record<string, string | string[] | null>) {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value.length > 0)
  const width = Math.max(...shown.map(([name]) => name.length)) + 2
  return shown
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).map(
        (line, index) => (index === 0 ? name : '').padEnd(width) + line,
      ),
    )
    .join('\n')
}

/** `zookeeper.tickTime = 2000`, sorted by key. */
export function attributeLines(attributes: Record<string, unknown>) {
  return Object.keys(attributes)
    .toSorted()
    .map((key) => `${key} = ${JSON.stringify(attributes[key]) ?? '(must be set)'}`)
}
