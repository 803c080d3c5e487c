import { isAbsolute, normalize } from 'node:path'
import { z } from 'zod'
import type { Found, Kind } from './host.ts'

/** Absolute and normalized, so that one thing has one name. */
export const Path = z
  .string()
  .refine(
    (path) =>
      isAbsolute(path) && path !== '/' && normalize(path) === path && !path.endsWith('/') && !path.includes('\0'),
    'must be an absolute path without `..`, `//` or a slash at the end, such as /etc/motd',
  )

export const PackageName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9][a-z0-9-]*)?$/,
    'must be the name of a Debian package, such as haproxy or libc6:i386',
  )

const suffixes = 'service|socket|timer|target|mount|automount|swap|path|slice|scope'
const hasSuffix = new RegExp(`.\\.(${suffixes})$`)

export const UnitName = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9_][A-Za-z0-9:_.\\\\@-]*\\.(${suffixes})$`),
    'must be the full name of a unit, such as zookeeper.service',
  )
  .max(255)

export const ServiceName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]*$/, 'must be the name of a unit, such as haproxy or backup.timer')
  .max(255)

/** `haproxy` → `haproxy.service`; what has a suffix keeps it. */
export function unitOf(name: string) {
  return hasSuffix.test(name) ? name : `${name}.service`
}

/** For users and groups, as useradd takes it. */
export const AccountName = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_-]{0,30}\$?$/,
    'must begin with a lower case letter or _, and have letters, digits, _ and - only',
  )

/** Who a file belongs to: by name, or by number where no name is sure. */
export const Owner = z.union([AccountName, z.string().regex(/^\d+$/, 'must be a name or a number')])

const modeText = "must be text of four octal digits, such as '0644'"
export const Mode = z.string(modeText).regex(/^[0-7]{4}$/, modeText)

/** What `ensure` is now, to a type that manages things of `kind`. */
export function presence(found: Found | undefined, kind: Kind) {
  if (!found) return 'absent'
  return found.kind === kind ? 'present' : found.kind
}

/** What is wrong with a resource that is to be there without something, or to be gone with it. */
export function givenJustWhenPresent(what: string, ensure: 'present' | 'absent', isGiven: boolean) {
  return (ensure === 'present') === isGiven ? undefined : `needs ${what} when it is present, and has none when absent.`
}

/** What stands for something in people's words: one line. */
export const Label = z
  .string()
  .regex(/^[^-\s[\]][^\n[\]]*$/, 'must be one line without brackets, and not begin with a dash or blank')
  .max(200)
