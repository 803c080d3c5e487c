import { directory } from './directory.ts'
import { file } from './file.ts'
import { pkg } from './pkg.ts'
import { service } from './service.ts'
import { systemdUnit } from './systemd-unit.ts'

/** Every resource type there is. A new type is one new file and one line here. */
export const resourceTypes = { file, directory, pkg, service, systemd_unit: systemdUnit }
export type ResourceTypes = typeof resourceTypes
