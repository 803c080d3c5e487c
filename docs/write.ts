import { writeFileSync } from 'node:fs'
import { resourceTypes } from '../resources/index.ts'
import { resourcesPage } from './generate.ts'

writeFileSync(new URL('resources.md', import.meta.url), resourcesPage(Object.values(resourceTypes)))
