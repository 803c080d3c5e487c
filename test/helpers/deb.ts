import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { Header } from 'tar'
import type { LabNode } from '../../lab/node.ts'
import { onNode } from './fleet.ts'

/** A package for tests: what it has beside its name is nothing unless given. */
export interface Deb {
  name: string
  /** Left out: 1.0. */
  version?: string
  /** Its files by absolute path; a text that begins with `#!` becomes executable. */
  files?: Record<string, string>
  /** Its symbolic links: path → what they lead to. */
  links?: Record<string, string>
  /** Those of its files that are configuration: they stay when it is removed and not purged. */
  conffiles?: string[]
  /** As in debian/control: `one (>= 2), other`. */
  depends?: string | undefined
  conflicts?: string
  recommends?: string
  /** A system user whom it makes when it is configured, and keeps. */
  user?: string
  /** A service of this name that it brings, enables and starts, and stops when it goes. */
  unit?: string
  /** Lines of shell for its scripts, after those for user and unit. */
  postinst?: string
  prerm?: string
  postrm?: string
}

/** The bytes of a .deb (deb(5)), the same each time. */
export function buildDeb(deb: Deb): Buffer {
  const control = {
    control: controlOf(deb),
    ...(deb.conffiles && { conffiles: linesOf(deb.conffiles) }),
    ...scriptsOf(deb),
  }
  return ar({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar.gz': tarOf(control),
    'data.tar.gz': tarOf(filesOf(deb), deb.links),
  })
}

/** Debian packages that `layRepository` needs on a node to sign. */
export const signers = ['gpg', 'gpg-agent']

/**
 * Lays a flat repository of these packages in `folder` of the node, in the place of what lay there. Gives the public key that its lists are
 * signed with, where they are to be signed.
 */
export async function layRepository(node: LabNode, folder: string, debs: Deb[], signed = false) {
  await onNode(node, 'rm', '-rf', '--', folder)
  const entries: string[] = []
  for (const deb of debs) {
    const bytes = buildDeb(deb)
    const file = `${deb.name}_${(deb.version ?? '1.0').replace(':', '%3a')}_all.deb`
    await node.write(`${folder}/${file}`, bytes)
    entries.push(`${controlOf(deb)}Filename: ./${file}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`)
  }
  const packages = entries.join('\n')
  const release = linesOf([
    'Origin: lab',
    'Label: lab',
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'SHA256:',
    ` ${sha256(packages)} ${packages.length} Packages`,
  ])
  await node.write(`${folder}/Packages`, packages)
  await node.write(`${folder}/Release`, release)
  return signed ? sign(node, folder) : ''
}

/** Makes apt on the node take packages from the repository without a signature. */
export async function trustRepository(node: LabNode, folder: string) {
  const source = linesOf(['Types: deb', `URIs: file:${folder}`, 'Suites: ./', 'Trusted: yes'])
  await node.write('/etc/apt/sources.list.d/lab.sources', source)
  await onNode(node, 'apt-get', '--quiet', 'update')
}

// One key for all repositories of a node.
async function sign(node: LabNode, folder: string) {
  const home = '/var/lib/lab-signer'
  const gpg = (...argv: string[]) => onNode(node, 'gpg', '--batch', '--homedir', home, '--passphrase', '', ...argv)
  const made = await node.exec(['mkdir', '--mode=0700', '--', home])
  if (made.exitCode === 0) await gpg('--quick-generate-key', 'Lab <lab@example.org>', 'ed25519', 'sign', 'never')
  await gpg('--clear-sign', '--output', `${folder}/InRelease`, `${folder}/Release`)
  return `${await gpg('--armor', '--export')}\n`
}

function controlOf({ name, version = '1.0', depends, conflicts, recommends }: Deb) {
  const fields = {
    Package: name,
    Version: version,
    Architecture: 'all',
    Maintainer: 'Lab <lab@example.org>',
    Depends: depends,
    Conflicts: conflicts,
    Recommends: recommends,
    Description: 'a package for tests',
  }
  return linesOf(Object.entries(fields).flatMap(([field, value]) => (value ? [`${field}: ${value}`] : [])))
}

function filesOf({ files = {}, unit }: Deb) {
  if (!unit) return files
  const text = linesOf([
    '[Service]',
    'Type=exec',
    'ExecStart=sleep infinity',
    '[Install]',
    'WantedBy=multi-user.target',
  ])
  return { ...files, [`/usr/lib/systemd/system/${unit}.service`]: text }
}

function scriptsOf({ user, unit, postinst, prerm, postrm }: Deb) {
  const makesUser = user && `id ${user} 2>/dev/null || useradd --system --user-group ${user}`
  const starts = unit && `systemctl daemon-reload; systemctl enable --now ${unit}.service`
  const stops = unit && `systemctl disable --now ${unit}.service`
  const forgets = unit && 'systemctl daemon-reload'
  const scripts = { postinst: [makesUser, starts, postinst], prerm: [stops, prerm], postrm: [forgets, postrm] }
  return Object.fromEntries(
    Object.entries(scripts).flatMap(([name, parts]) => {
      const lines = parts.filter((part) => part !== undefined)
      return lines.length > 0 ? [[name, linesOf(['#!/bin/sh', 'set -e', ...lines])]] : []
    }),
  )
}

/** A gzipped tar of root's files, with the directories above them, as dpkg wants to know them. */
function tarOf(files: Record<string, string>, links: Record<string, string> = {}) {
  const paths = [...Object.keys(files), ...Object.keys(links)].map((path) => path.replace(/^\//, ''))
  const folders = new Set(
    paths.flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, at, all) => all.slice(0, at + 1).join('/')),
    ),
  )
  const blocks = [headerOf('./', 'Directory', 0o755, 0)]
  for (const folder of [...folders].toSorted()) blocks.push(headerOf(`./${folder}/`, 'Directory', 0o755, 0))
  for (const [path, text] of Object.entries(files)) {
    const bytes = Buffer.from(text)
    const mode = text.startsWith('#!') ? 0o755 : 0o644
    blocks.push(headerOf(`./${path.replace(/^\//, '')}`, 'File', mode, bytes.length), padded(bytes, 512, 0))
  }
  for (const [path, to] of Object.entries(links)) {
    blocks.push(headerOf(`./${path.replace(/^\//, '')}`, 'SymbolicLink', 0o777, 0, to))
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function headerOf(
  path: string,
  type: 'File' | 'Directory' | 'SymbolicLink',
  mode: number,
  size: number,
  linkpath = '',
) {
  const header = new Header({
    path,
    linkpath,
    type,
    mode,
    size,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
    mtime: new Date(0),
  })
  if (header.encode()) throw new Error(`${path} is too long for a plain tar header`)
  return header.block ?? Buffer.alloc(0)
}

/** The archive format of .deb (deb(5)): headers of 60 characters, members at even offsets. */
function ar(members: Record<string, Buffer>) {
  const parts = Object.entries(members).flatMap(([name, bytes]) => {
    const header = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)].join('')
    return [Buffer.from(`${header}${String(bytes.length).padEnd(10)}\`\n`), padded(bytes, 2, 10)]
  })
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

function padded(bytes: Buffer, multiple: number, fill: number) {
  return Buffer.concat([bytes, Buffer.alloc((multiple - (bytes.length % multiple)) % multiple, fill)])
}

function linesOf(lines: string[]) {
  return lines.map((line) => `${line}\n`).join('')
}

function sha256(bytes: Buffer | string) {
  return createHash('sha256').update(bytes).digest('hex')
}
