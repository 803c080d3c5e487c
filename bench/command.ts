import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { type CommandContext, CommandError } from '../cli/command.ts'
import { replaceSection } from './markdown.ts'
import { type Site, type SiteOptions, upSite } from './site.ts'

const readme = new URL('README.md', import.meta.url)

/** What every bench can be told. */
export const commonFlags = { 'write-readme': { type: 'boolean' }, json: { type: 'boolean' } } as const
export const commonOptions = {
  operands: z.tuple([]),
  'write-readme': z.boolean().default(false).describe('Put the tables into bench/README.md.'),
  json: z.boolean().default(false).describe('Print { machine, figures, ... } as JSON.'),
}

export function listOf<Item extends z.ZodType<unknown, string>>(item: Item) {
  return z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(item))
}

export interface Measuring {
  note: (text: string) => void
  /** Throws when the bench was interrupted. */
  goOn: () => void
}

interface Bench {
  /** Of the README. */
  section: string
  site: SiteOptions
  told: { 'write-readme': boolean; json: boolean }
  context: CommandContext
}

/** Prints what came out, and puts it into the README where that is asked for. */
export function tell<Result>(
  result: Result,
  markdownOf: (result: Result) => string,
  { section, told, context: { output } }: Omit<Bench, 'site'>,
) {
  const markdown = markdownOf(result)
  if (told['write-readme']) writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), section, markdown))
  if (told.json) output.json(result)
  else output.line(markdown)
}

/** Boots the node, measures, tells what came out, and leaves nothing behind. */
export async function benchmark<Result>(
  { section, site: wanted, told, context }: Bench,
  measure: (site: Site, measuring: Measuring) => Promise<Result>,
  markdownOf: (result: Result) => string,
) {
  const { output } = context
  const signal = context.interrupted()
  const note = (text: string) => output.note(text)
  const goOn = () => {
    if (signal.aborted) throw new CommandError('interrupted; nothing is left of the lab')
  }
  const site = await upSite(wanted, note)
  try {
    tell(await measure(site, { note, goOn }), markdownOf, { section, told, context })
  } finally {
    await site.down()
  }
}
