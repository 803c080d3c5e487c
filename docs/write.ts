import { writeFileSync } from 'node:fs'
import { cliPage } from '../cli/reference.ts'
import { resourceTypes } from '../resources/index.ts'
import { chapters } from './chapters.ts'
import { resourcesPage } from './generate.ts'

writeFileSync(new URL('resources.md', import.meta.url), resourcesPage(Object.values(resourceTypes)))
writeFileSync(new URL('cli.md', import.meta.url), cliPage(chapters))
