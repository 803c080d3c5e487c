/** A table whose columns line up as plain text too; the first column is left-aligned, all others right. */
export function markdownTable(header: string[], rows: string[][]) {
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => (row[column] ?? '').length)))
  const line = (cells: string[]) =>
    `| ${widths.map((width, column) => (column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`
  const ruler = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(header), line(ruler), ...rows.map(line)].join('\n')
}

/** Puts `content` between `<!-- NAME -->` and `<!-- /NAME -->`. */
export function replaceSection(document: string, name: string, content: string) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [start, end] = [document.indexOf(open), document.indexOf(close)]
  if (start < 0 || end < start) throw new Error(`the document has no section between ${open} and ${close}`)
  return `${document.slice(0, start + open.length)}\n\n${content}\n\n${document.slice(end)}`
}
