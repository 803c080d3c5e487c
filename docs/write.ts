import { writeFileSync } from 'node:fs'
import { cliPage } from '../cli/reference.ts'
import { resourceTypes } from '../resources/index.ts'
import { codes } from '../protocol/api/codes.ts'
import { chapters } from './chapters.ts'
import { errorsPage } from './errors.ts'
import { resourcesPage } from './generate.ts'

writeFileSync(new URL('resources.md', import.meta.url), resourcesPage(Object.values(resourceTypes)))
writeFileSync(new URL('cli.md', import.meta.url), cliPage(chapters))
writeFileSync(new URL('errors.md', import.meta.url), errorsPage(codes))
