import type { Files } from '../host.ts'

/** Where the configuration of an sshd lies. */
export interface Place {
  main: string
  dropIns: string
  /** For what is there only as long as the machine runs. */
  run: string
}

interface Setting {
  /** In lower case. */
  keyword: string
  value: string
  /** The file that has it. */
  by: string
}

/** What sshd reads for all, whoever logs in, before it comes to this drop-in. */
export function settingsBefore(dropIn: string, place: Place, files: Files): Setting[] {
  const inMain = files.stat(place.main) ? settingsIn(place.main, readMain(place, files).before) : []
  const earlier = dropInsOf(place, files).filter((one) => one < dropIn)
  const inEarlier = earlier.flatMap((one) => {
    const path = `${place.dropIns}/${one}`
    return settingsIn(path, linesOf(path, files))
  })
  return [...inMain, ...inEarlier]
}

/** The main file as it is to be tried out: it includes `candidate` in the place of the drop-in. Its lines keep their numbers. */
export function wholeWith(dropIn: string, candidate: string, place: Place, files: Files) {
  const { before, include, after } = readMain(place, files)
  const all = [...new Set([...dropInsOf(place, files), dropIn])].toSorted()
  const paths = all.map((one) => (one === dropIn ? candidate : `${place.dropIns}/${one}`))
  const line = include.flatMap((word) => (word === `${place.dropIns}/*.conf` ? paths : [word])).join(' ')
  return [...before, line, ...after].join('\n')
}

/** Up to the first Match: what comes after it is for some alone. */
function settingsIn(by: string, lines: string[]): Setting[] {
  const read = lines.flatMap((line) => {
    const [, keyword, value = ''] = /^\s*([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)"?(.*?)"?\s*$/.exec(line) ?? []
    return keyword === undefined ? [] : [{ keyword: keyword.toLowerCase(), value, by }]
  })
  const match = read.findIndex(({ keyword }) => keyword === 'match')
  return match < 0 ? read : read.slice(0, match)
}

function dropInsOf({ dropIns }: Place, files: Files) {
  return files.stat(dropIns) ? files.list(dropIns).filter((one) => /^[^.].*\.conf$/.test(one)) : []
}

function readMain({ main, dropIns }: Place, files: Files) {
  const lines = linesOf(main, files)
  const at = lines.findIndex((line) => /^\s*include\s/i.test(line) && wordsOf(line).includes(`${dropIns}/*.conf`))
  const before = lines.slice(0, Math.max(at, 0))
  if (at >= 0 && !before.some((line) => /^\s*match\s/i.test(line)))
    return { before, include: wordsOf(lines[at] ?? ''), after: lines.slice(at + 1) }
  throw new Error(
    `${main} does not include ${dropIns}/*.conf for all, so no file there has an effect. Add \`Include ${dropIns}/*.conf\` at its top.`,
  )
}

function linesOf(path: string, files: Files) {
  return files.read(path).toString().split('\n')
}

function wordsOf(line: string) {
  return line.trim().split(/\s+/)
}
