import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packDeb } from '../../packaging/deb.ts'
import { architectures, type Platform } from '../../packaging/platform.ts'

/** Depends: what Node.js is linked with; all of it is on a bare Debian. */
function control(platform: Platform, version: string) {
  return `Package: trivet-agent
Version: ${version}
Architecture: ${architectures[platform]}
Maintainer: Trivet <trivet@localhost>
Section: admin
Priority: optional
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6
Description: keeps this machine as its roles say
 The agent of Trivet: it converges packages, files and services to the catalog
 that its server made, and reports what it did. One program, with its own
 Node.js inside.
`
}

/** Makes the package of an agent that lies built in `built`. */
export async function buildAgentDeb(built: string, platform: Platform, version: string, output: string) {
  const root = await mkdtemp(join(tmpdir(), 'trivet-deb-'))
  try {
    // A temporary folder is for its owner alone, and what dpkg unpacks has the modes of this one.
    await chmod(root, 0o755)
    for (const folder of ['DEBIAN', 'usr/bin', 'usr/lib/trivet', 'usr/lib/systemd/system']) {
      await mkdir(join(root, folder), { recursive: true, mode: 0o755 })
    }
    await copyFile(join(built, 'trivet-agent'), join(root, 'usr/lib/trivet/trivet-agent'))
    await copyFile(join(built, 'trivet-agent.service'), join(root, 'usr/lib/systemd/system/trivet-agent.service'))
    await symlink('.', join(root, 'usr/lib/trivet/current'))
    await symlink('../lib/trivet/current/trivet-agent', join(root, 'usr/bin/trivet-agent'))
    await writeFile(join(root, 'DEBIAN/control'), control(platform, version), { mode: 0o644 })
    for (const script of ['postinst', 'prerm', 'postrm']) {
      await copyFile(new URL(`deb/${script}`, import.meta.url), join(root, 'DEBIAN', script))
      await chmod(join(root, 'DEBIAN', script), 0o755)
    }
    await packDeb(root, output)
  } finally {
    await rm(root, { recursive: true })
  }
}
