import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import type { Change } from '../protocol/events.ts'
import { defineResource, must } from './define.ts'
import { applyEdit, checkEdit, type Edit } from './edits/edit.ts'
import type { Host } from './host.ts'
import { type Place, settingsBefore, wholeWith } from './system/sshd-config.ts'
import { givenJustWhenPresent } from './names.ts'

const Keyword = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9]*$/, 'must be an option of sshd_config(5), such as PermitRootLogin')
  .refine(
    (keyword) => !/^(match|include)$/i.test(keyword),
    'cannot be Match or Include: they would not end with this file',
  )
const Value = z.union([z.string().regex(/^[^\s#][^\r\n\0]*$/, 'must be one line, and not empty'), z.int()])

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether sshd is to have the options.'),
  options: z
    .record(Keyword, z.union([Value, z.array(Value).nonempty()]))
    .default({})
    .describe('As sshd_config(5) has them; a list stands for a line each, as of Port and AcceptEnv.'),
})
type Want = z.infer<typeof Props>

/** Of these each line counts; of all others sshd takes the first. */
const additive = new Set(
  'acceptenv allowgroups allowusers denygroups denyusers hostcertificate hostkey listenaddress port setenv subsystem'.split(
    ' ',
  ),
)

/** `folder` is /etc/ssh, and `run` is /run; tests give others. */
export function sshdIn(folder: string, run: string) {
  const place: Place = { main: `${folder}/sshd_config`, dropIns: `${folder}/sshd_config.d`, run }
  const editOf = (name: string, want: Want): Edit => ({
    path: `${place.dropIns}/${name}.conf`,
    text: want.ensure === 'absent' ? null : textOf(name, want),
    access: { mode: '0644', owner: '0', group: '0' },
  })

  return defineResource({
    type: 'sshd',
    summary:
      'Options of sshd, in a file of their own in /etc/ssh/sshd_config.d. sshd must accept them before they go live, and take them: where another file sets one before, that is an error. One that runs reads them when it is reloaded.',
    example: `sshd('10-keys-only', {
  options: { PasswordAuthentication: 'no', PermitRootLogin: 'prohibit-password' },
  notifies: { reload: 'service[ssh]' },
})`,
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must have letters, digits, _ and - only, such as 10-keys-only'),
    props: Props,
    problem: (_name, { ensure, options }) => givenJustWhenPresent('options', ensure, Object.keys(options).length > 0),
    paths: (name) => [`${place.dropIns}/${name}.conf`],
    owns: (name) => [`${place.dropIns}/${name}.conf`],
    check: async (name, want, host) => [
      ...(await checkEdit(editOf(name, want), host)),
      ...overruled(name, want, place, host).map(({ change }) => change),
    ],
    async apply(name, want, host, changes) {
      if (!host.files.stat(place.main))
        throw new Error(`There is no ${place.main}. Declare pkg[openssh-server] before sshd[${name}].`)
      const [first] = overruled(name, want, place, host)
      if (first)
        throw new Error(
          `${first.by} sets ${first.change.what} before sshd[${name}], and sshd takes the first. Take it out there, or choose a name that comes before.`,
        )
      await applyEdit(editOf(name, want), host, changes, (candidate) => accepted(name, candidate, place, host))
    },
  })
}

export const sshd = sshdIn('/etc/ssh', '/run')

function textOf(name: string, { options }: Want) {
  const lines = Object.entries(options).flatMap(([keyword, values]) =>
    [values].flat().map((value) => `${keyword} ${value}`),
  )
  return [`# Kept by Trivet: sshd[${name}]`, ...lines, ''].join('\n')
}

/** The options that have no effect, since what sshd reads earlier says otherwise. */
function overruled(name: string, { ensure, options }: Want, place: Place, host: Host) {
  const earlier = ensure === 'present' ? settingsBefore(`${name}.conf`, place, host.files) : []
  return Object.entries(options).flatMap(([what, values]) => {
    const keyword = what.toLowerCase()
    const first = earlier.find((one) => one.keyword === keyword)
    const to = String(values)
    if (!first || additive.has(keyword) || first.value.toLowerCase() === to.toLowerCase()) return []
    const change: Change = { what, from: `${first.value}, by ${first.by}`, to }
    return [{ change, by: first.by }]
  })
}

/** sshd reads all as it will be, with the candidate in its place. */
async function accepted(name: string, candidate: string, place: Place, host: Host) {
  const own = { mode: 0o600, uid: -1, gid: -1 }
  const whole = `${place.run}/trivet-sshd_config`
  // Its service makes this one only when it starts, and without it sshd refuses everything.
  if (!host.files.stat(`${place.run}/sshd`)) host.files.makeDirectory(`${place.run}/sshd`, { ...own, mode: 0o755 })
  await host.files.write(whole, Buffer.from(wholeWith(`${name}.conf`, candidate, place, host.files)), own)
  try {
    await must(host, ['/usr/sbin/sshd', '-t', '-f', whole])
  } catch (error) {
    throw new Error(`sshd refused the new options and the old ones stay. ${messageOf(error)}`, { cause: error })
  } finally {
    host.files.remove(whole)
  }
}
