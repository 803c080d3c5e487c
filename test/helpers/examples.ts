/** Command lines in a text, each once; those with an ellipsis or a placeholder in capitals are none to be typed as they are. */
export function exampleLines(text: string, pattern: RegExp) {
  const found = [...text.matchAll(pattern)].map(([, line = '']) => line.trim())
  return [...new Set(found)].filter((line) => !/…|\.\.\.|\$|\s[A-Z][A-Z]+\b|\bVERB\b|--version|trivet help/.test(line))
}

/** The words of a command line as a shell would split it, up to the first pipe, redirection, list or comment. */
export function wordsOf(line: string) {
  const words: string[] = []
  for (const [, single, double, bare] of line.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)) {
    if (bare !== undefined && /^([|<>#;]|&&)/.test(bare)) break
    words.push(single ?? double ?? bare ?? '')
  }
  return words
}
