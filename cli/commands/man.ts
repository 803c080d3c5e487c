import { z } from 'zod'
import { closest } from '../../protocol/closest.ts'
import { UsageError } from '../command.ts'
import { manPages } from '../man.ts'
import { command } from '../options.ts'

export const man = command({
  usage: 'man [NOUN]',
  summary: 'Print the page of the manual about trivet or one of its nouns, for man to show.',
  details:
    'Example: trivet man node | man -l -\nWhoever packages trivet finds all pages in dist/man after npm run docs.',
  options: z.object({ operands: z.array(z.string()) }),

  async run({ operands: [noun] }, context) {
    const pages = manPages(await context.program())
    const wanted = noun === undefined ? 'trivet.1' : `trivet-${noun}.1`
    const found = pages.find(({ name }) => name === wanted)
    if (!found) throw new UsageError(noWord(noun ?? '', pages))
    context.output.line(found.text.trimEnd())
  },
})

function noWord(noun: string, pages: { name: string }[]) {
  const nouns = pages.flatMap(({ name }) => /^trivet-(.*)\.1$/.exec(name)?.[1] ?? [])
  const near = closest(noun, nouns)
  return `There is no page about '${noun}'. ${near ? `Did you mean ${near}?` : `There is: ${nouns.join(', ')}.`}`
}
