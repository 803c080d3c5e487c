/** What a usage line says: `node assign NODE ROLE... [--yes]`. */
export interface Usage {
  verb: string
  /** One for each place; `NODE|RUN` where either may stand. */
  operands: { name: string; required: boolean; many: boolean }[]
  /** Names of flags, without the dashes. */
  flags: string[]
  /** The word after a flag that takes one: `NAME` of `--node NAME`. */
  placeholders: Record<string, string>
}

/** Reads a usage line: the command's help, its parser and its documentation all follow from it. */
export function readUsage(line: string): Usage {
  const usage: Usage = { verb: verbOf(line), operands: [], flags: [], placeholders: {} }
  const rest = line.slice(usage.verb.length)
  for (const [, inBrackets, repeated, bare] of rest.matchAll(/\[([^\]]*)\](\.\.\.)?|(--[a-z-]+(?: [A-Z]\S*)?|\S+)/g)) {
    if (bare !== undefined) readAlternative(usage, bare, { required: true })
    const place = usage.operands.length
    for (const alternative of inBrackets?.split('|') ?? [])
      readAlternative(usage, alternative, { required: false, many: repeated !== undefined })
    joinOperands(usage, place)
  }
  return usage
}

/** The words before the first operand or flag. */
export function verbOf(line: string) {
  return /^[a-z-]+(?: [a-z][a-z-]*)*/.exec(line)?.[0] ?? ''
}

function readAlternative(
  usage: Usage,
  text: string,
  { required, many = false }: { required: boolean; many?: boolean },
) {
  const [first = '', ...rest] = text.trim().split(/\s+/)
  const flag = /^--([a-z][a-z-]*)$/.exec(first)?.[1]
  if (flag) {
    usage.flags.push(flag)
    if (rest.length > 0) usage.placeholders[flag] = rest.join(' ')
  } else if (/^[A-Z]/.test(first)) {
    usage.operands.push({ name: first.replace('...', ''), required, many: many || first.endsWith('...') })
  } else if (/^[a-z]/.test(first)) {
    readWord(usage, first)
  }
}

/** What may stand in one place is one operand: `NODE|RUN`. */
function joinOperands({ operands }: Usage, place: number) {
  const [first, ...others] = operands.splice(place)
  if (first) operands.push({ ...first, name: [first, ...others].map(({ name }) => name).join('|') })
}

/** A word that the flag before may take as well: `bookworm` of `--os trixie|bookworm`. */
function readWord(usage: Usage, word: string) {
  const flag = usage.flags.at(-1)
  const before = flag && usage.placeholders[flag]
  if (before) usage.placeholders[flag] = `${before}|${word}`
}
