import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startAptCache } from './apt-cache.ts'
import { cacheLines, readHostApt } from './host-apt.ts'
import { withLock } from './lock.ts'
import { unmountAll } from './mounts.ts'
import { must } from './run.ts'
import type { Os } from './state.ts'

export const defaultCacheDir = '/var/cache/trivet/lab'
export const aptCacheDir = (cacheDir: string) => join(cacheDir, 'apt')

const plainPackages = ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'iputils-ping', 'ca-certificates', 'passwd']

/** Raise it when `buildBase` or `settle` changes what it makes. */
const version = 1

export interface BaseOptions {
  os: Os
  /** Debian packages beside the plain ones; each set of them is a base of its own. */
  packages: string[]
  cacheDir: string
  note: (text: string) => void
}

/** Gives the directory of an unpacked base, made on first use: once, however many ask, and never half. */
export async function ensureBase({ os, packages, cacheDir, note }: BaseOptions): Promise<string> {
  const include = [...new Set([...plainPackages, ...packages.toSorted()])]
  const recipe = JSON.stringify({ os, include, version, arch: process.arch })
  const base = join(cacheDir, `${os}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`)
  if (existsSync(base)) return base
  await withLock(`${base}.lock`, async () => {
    if (existsSync(base)) return
    const partial = `${base}.partial`
    await removePartial(partial)
    note(`Making a base of ${[os, ...packages].join(' + ')}: half a minute or more, once`)
    await buildBase(os, include, partial, cacheDir)
    await settle(partial)
    await rename(partial, base)
  })
  return base
}

/** What a killed build left, with the file systems that it had mounted in there. */
export async function removePartial(partial: string): Promise<void> {
  await unmountAll(partial)
  // --one-file-system: whatever is mounted there after all is not ours to empty.
  await must(['rm', '-rf', '--one-file-system', '--', partial])
}

async function buildBase(os: Os, include: string[], target: string, cacheDir: string): Promise<void> {
  const { proxy, lines } = await readHostApt()
  const cache = await startAptCache({ host: '127.0.0.1', dir: aptCacheDir(cacheDir), upstreamProxy: proxy })
  const options = [...lines, ...cacheLines(cache.url)].map((line) => `--aptopt=${line}`)
  const flags = ['--variant=apt', '--format=directory', `--include=${include.join(',')}`]
  try {
    await must(['mmdebstrap', ...flags, ...options, os, target])
  } finally {
    await cache.close()
  }
}

/** What makes a bootstrapped tree the common beginning of many nodes. */
async function settle(root: string): Promise<void> {
  for (const own of ['etc/hostname', 'etc/resolv.conf', 'etc/apt/apt.conf.d/99mmdebstrap']) {
    await rm(join(root, own), { force: true })
  }
  await writeFile(join(root, 'etc/machine-id'), '')
  await mkdir(join(root, 'etc/dpkg/dpkg.cfg.d'), { recursive: true })
  await writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/trivet-lab'), 'force-unsafe-io\n')
  await must(['chroot', root, 'systemctl', 'enable', 'systemd-networkd.service'])
  // They take dpkg's lock whenever they like.
  await must(['chroot', root, 'systemctl', 'mask', 'apt-daily.timer', 'apt-daily-upgrade.timer'])
}
