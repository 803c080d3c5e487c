const codes = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 }
type Style = keyof typeof codes

/** Colours a text, or leaves it alone. */
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_style, text) => text
export const coloured: Paint = (style, text) => `\x1b[${codes[style]}m${text}\x1b[0m`

const styleOfWord: Record<string, Style> = {
  converged: 'green',
  changed: 'yellow',
  'would-change': 'yellow',
  started: 'cyan',
  delivered: 'cyan',
  unknown: 'cyan',
  pending: 'yellow',
  held: 'cyan',
  interrupted: 'yellow',
  deferred: 'yellow',
  disabled: 'yellow',
  audit: 'cyan',
  skipped: 'dim',
  failed: 'red',
  error: 'red',
  refused: 'red',
  unreachable: 'red',
  'timed-out': 'red',
  revoked: 'red',
}

/** An outcome or a state: the word says it, the colour only helps. */
export function paintWord(paint: Paint, word: string, text = word) {
  const style = styleOfWord[word]
  return style ? paint(style, text) : text
}
