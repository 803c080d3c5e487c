import { directory } from './directory.ts'
import { exec } from './exec.ts'
import { file } from './file.ts'
import { group } from './group.ts'
import { link } from './link.ts'
import { pkg } from './pkg.ts'
import { probe } from './probe.ts'
import { remoteFile } from './remote-file.ts'
import { service } from './service.ts'
import { systemdUnit } from './systemd-unit.ts'
import { user } from './user.ts'

/** Every resource type there is. A new type is one new file and one line here. */
export const resourceTypes = {
  file,
  directory,
  link,
  pkg,
  service,
  systemd_unit: systemdUnit,
  user,
  group,
  exec,
  probe,
  remote_file: remoteFile,
}
export type ResourceTypes = typeof resourceTypes
