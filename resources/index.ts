import { alternatives } from './alternatives.ts'
import { aptPin } from './apt-pin.ts'
import { aptRepository } from './apt-repository.ts'
import { archive } from './archive.ts'
import { block } from './block.ts'
import { certificate } from './certificate.ts'
import { cron } from './cron.ts'
import { directory } from './directory.ts'
import { dnf } from './dnf.ts'
import { dockerContainer } from './docker-container.ts'
import { dockerImage } from './docker-image.ts'
import { exec } from './exec.ts'
import { file } from './file.ts'
import { fileSystem } from './file-system.ts'
import { gate } from './gate.ts'
import { git } from './git.ts'
import { group } from './group.ts'
import { hostname } from './hostname.ts'
import { hosts } from './hosts.ts'
import { http } from './http.ts'
import { ini } from './ini.ts'
import { jsonEdit } from './json-edit.ts'
import { kernelModule } from './kernel-module.ts'
import { line } from './line.ts'
import { link } from './link.ts'
import { locale } from './locale.ts'
import { logicalVolume } from './logical-volume.ts'
import { marathonApp } from './marathon-app.ts'
import { mount } from './mount.ts'
import { nftables } from './nftables.ts'
import { pkg } from './pkg.ts'
import { probe } from './probe.ts'
import { reboot } from './reboot.ts'
import { remoteFile } from './remote-file.ts'
import { service } from './service.ts'
import { sshAuthorizedKey } from './ssh-authorized-key.ts'
import { sshd } from './sshd.ts'
import { swap } from './swap.ts'
import { sysctl } from './sysctl.ts'
import { systemdUnit } from './systemd-unit.ts'
import { timer } from './timer.ts'
import { timezone } from './timezone.ts'
import { user } from './user.ts'
import { yamlEdit } from './yaml-edit.ts'

/** Every resource type there is. A new type is one new file and one line here. */
export const resourceTypes = {
  file,
  directory,
  link,
  pkg,
  apt_repository: aptRepository,
  apt_pin: aptPin,
  dnf,
  service,
  systemd_unit: systemdUnit,
  user,
  group,
  exec,
  probe,
  gate,
  remote_file: remoteFile,
  archive,
  git,
  certificate,
  http,
  marathon_app: marathonApp,
  line,
  block,
  ini,
  json_edit: jsonEdit,
  yaml_edit: yamlEdit,
  hosts,
  ssh_authorized_key: sshAuthorizedKey,
  sshd,
  cron,
  reboot,
  timer,
  sysctl,
  kernel_module: kernelModule,
  hostname,
  timezone,
  locale,
  logical_volume: logicalVolume,
  file_system: fileSystem,
  mount,
  swap,
  nftables,
  alternatives,
  docker_image: dockerImage,
  docker_container: dockerContainer,
}
export type ResourceTypes = typeof resourceTypes
