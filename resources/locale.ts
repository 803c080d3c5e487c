import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { defineResource, differences, must } from './define.ts'
import type { Host } from './host.ts'
import { runIfThere } from './system/run-if-there.ts'
import { linesOf, putText } from './files/text-file.ts'

const list = '/etc/locale.gen'
const supported = '/usr/share/i18n/SUPPORTED'
const defaults = '/etc/default/locale'
/** In libc itself: never generated, never gone. */
const builtIn = 'C.UTF-8'

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether programs can use it.'),
  default: z
    .boolean()
    .default(false)
    .describe('Whether what is started from now on gets it as LANG. Where false, LANG is not managed.'),
})
export const locale = defineResource({
  type: 'locale',
  summary: 'A locale: its line in /etc/locale.gen, what locale-gen makes of that, and LANG if it is the default.',
  example: "locale('pt_PT.UTF-8', { default: true })",
  name: z
    .string()
    .regex(
      /^([a-z]{2,3}_[A-Z]{2}(\.[A-Z][A-Za-z0-9-]*)?(@[a-z]+)?|C\.UTF-8)$/,
      'must be a locale as the lines of /etc/locale.gen begin, such as pt_PT.UTF-8',
    ),
  props: Props,
  problem: (name, want) =>
    want.ensure === 'absent' && (want.default || name === builtIn)
      ? 'is to be absent, so it can be neither the default nor C.UTF-8, which is part of libc.'
      : undefined,
  paths: () => [list, defaults],
  edits: () => list,

  async check(name, want, host) {
    const wanted = String(want.ensure === 'present')
    const lang = langOf(host.files)
    const [listed, generated] = [isListed(name, host.files), await isGenerated(name, host)].map(String)
    return [
      ...differences({ listed, generated }, { listed: wanted, generated: wanted }),
      ...(want.default ? differences({ LANG: lang }, { LANG: name }) : []),
      ...(want.ensure === 'absent' && lang === name ? [{ what: 'LANG', from: lang, to: 'unset' }] : []),
    ]
  },

  async apply(name, want, host, changes) {
    const changed = new Set(changes.map(({ what }) => what))
    const isPresent = want.ensure === 'present'
    if (changed.has('LANG') && !isPresent) await setLang(undefined, host)
    if (changed.has('listed') || (changed.has('generated') && isPresent)) await setListed(name, isPresent, host)
    if (changed.has('generated')) {
      if (isPresent) await must(host, ['locale-gen', '--keep-existing'])
      else await must(host, ['localedef', '--delete-from-archive', '--', normal(name)])
    }
    if (changed.has('LANG') && isPresent) await setLang(name, host)
  },
})

function isListed(name: string, files: Host['files']) {
  return name === builtIn || linesOf(list, files).some((line) => line.split(/\s/)[0] === name)
}

async function setListed(name: string, isWanted: boolean, host: Host) {
  const line = linesOf(supported, host.files).find((one) => one.startsWith(`${name} `))
  if (isWanted && line === undefined)
    throw new Error(
      `There is no ${name} in ${supported}. Take one of its lines, or declare pkg[locales] before locale[${name}].`,
    )
  const others = linesOf(list, host.files).filter((one) => one.split(/\s/)[0] !== name)
  const kept = others.join('\n').trimEnd()
  await putText(list, `${kept}\n${isWanted ? `${line}\n` : ''}`, host)
}

async function isGenerated(name: string, host: Host) {
  if (name === builtIn) return true
  const result = await runIfThere(host, ['locale', '-a'])
  return result?.stdout.split('\n').includes(normal(name)) ?? false
}

/** `pt_PT.UTF-8` → `pt_PT.utf8`, as glibc keeps it. */
function normal(name: string) {
  return name.replace(/\.[^@]+/, (codeset) => `.${codeset.toLowerCase().replace(/[^a-z0-9]/g, '')}`)
}

function langOf(files: Host['files']) {
  const lines = linesOf(defaults, files).map((line) => /^\s*LANG=(["']?)(.*)\1\s*$/.exec(line)?.[2])
  return lines.findLast((value) => value !== undefined)
}

async function setLang(name: string | undefined, host: Host) {
  const others = linesOf(defaults, host.files).filter((line) => line !== '' && !/^\s*LANG=/.test(line))
  const lines = [...others, ...(name === undefined ? [] : [`LANG=${name}`])]
  // Since Debian 13 it is a link to /etc/locale.conf.
  const isLink = host.files.stat(defaults)?.kind === 'link'
  const path = isLink ? resolve(dirname(defaults), host.files.readLink(defaults)) : defaults
  await putText(path, lines.map((line) => `${line}\n`).join(''), host)
}
