import { stripVTControlCharacters } from 'node:util'
import type { Output } from './command.ts'

export interface Sink {
  write(text: string): unknown
}

/** Prints data on `stdout` and everything for people on `stderr`. */
export function makeOutput(stdout: Sink, stderr: Sink): Output {
  const note = (text: string) => void stderr.write(`${printable(text)}\n`)
  const line = (text: string) => void stdout.write(`${printable(text)}\n`)
  return {
    note,
    line,
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    jsonl: (values) => {
      for (const value of values) stdout.write(`${JSON.stringify(value)}\n`)
    },
    table(rows, empty) {
      const [first] = rows
      if (first) line(formatTable(Object.keys(first), rows))
      else if (empty !== undefined) note(empty)
    },
  }
}

/**
 * What nodes and recipes say may hold anything: all control characters but line breaks, tabs and colours are made
 * visible, so that no report can write elsewhere on the operator's screen.
 */
export function printable(text: string) {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(/\x1b\[[\d;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (found) =>
    found.length > 1 ? found : `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function formatTable(columns: string[], rows: Record<string, string>[]) {
  const cells = [
    columns.map((name) => name.toUpperCase()),
    ...rows.map((row) => columns.map((name) => oneLine(row[name]))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ''))))
  return cells
    .map((row) =>
      row
        .map((cell, index) => pad(cell, widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function oneLine(text = '') {
  return text.replaceAll(/\s*\n\s*/g, ' ')
}

/** Columns on the screen that the text takes, colours not counted. */
function widthOf(text: string) {
  return stripVTControlCharacters(text).length
}

function pad(text: string, width: number) {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}
