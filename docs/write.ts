import { mkdirSync, writeFileSync } from 'node:fs'
import { manPages } from '../cli/man.ts'
import { cliPage } from '../cli/reference.ts'
import { resourceTypes } from '../resources/index.ts'
import { api } from '../protocol/api.ts'
import { codes } from '../protocol/api/codes.ts'
import packageJson from '../package.json' with { type: 'json' }
import { chapters } from './chapters.ts'
import { apiPage } from './api.ts'
import { errorsPage } from './errors.ts'
import { resourcesPage } from './generate.ts'

writeFileSync(new URL('resources.md', import.meta.url), resourcesPage(Object.values(resourceTypes)))
writeFileSync(new URL('cli.md', import.meta.url), cliPage(chapters))
writeFileSync(new URL('api.md', import.meta.url), apiPage(api))
writeFileSync(new URL('errors.md', import.meta.url), errorsPage(codes))

const manual = new URL('../dist/man/', import.meta.url)
const commands = chapters.filter(({ program }) => program === 'trivet').flatMap((chapter) => chapter.commands)
const summary = 'Keeps machines as their roles say.'
mkdirSync(manual, { recursive: true })
for (const { name, text } of manPages({ name: 'trivet', version: packageJson.version, summary, commands }))
  writeFileSync(new URL(name, manual), text)
