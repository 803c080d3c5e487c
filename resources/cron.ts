import { CronPattern } from 'croner'
import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import { defineResource, differences } from './define.ts'
import { applyEdit, checkEdit, type Edit } from './edits/edit.ts'
import type { Host } from './host.ts'
import { AccountName } from './names.ts'

/** croner knows more than cron does. */
const part = String.raw`(?:\*|\d+(?:-\d+)?|[A-Za-z]{3}(?:-[A-Za-z]{3})?)(?:/\d+)?`
const field = `${part}(?:,${part})*`
const Schedule = z
  .string()
  .regex(new RegExp(`^${field}(?: ${field}){4}$`), 'must be five fields as in crontab(5), such as 15 3 * * mon-fri')
  .refine((schedule) => wrongIn(schedule) === undefined, { error: ({ input }) => wrongIn(String(input)) })

const Variable = z
  .string()
  .regex(/^[^\r\n\0]*$/, 'must be one line')
  .refine((value) => !(value.includes('"') && value.includes("'")), 'can have only one kind of quotes')

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether the command is to be run at its times.'),
  schedule: Schedule.optional().describe('When: minute, hour, day of month, month, day of week, as in crontab(5).'),
  user: AccountName.default('root').describe('As whom the command is run.'),
  command: z
    .string()
    .regex(/^\S[^\r\n\0]*$/, 'must be one line, which does not begin with a blank')
    .refine((command) => !command.includes('\\%'), 'must have % as it is; it is escaped for cron')
    .optional()
    .describe('What is run, by /bin/sh.'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'), Variable)
    .default({})
    .describe('Variables for it, such as MAILTO and PATH.'),
})
type Want = z.infer<typeof Props>

function wrongIn(schedule: string) {
  const read = () => new CronPattern(schedule, undefined, { mode: '5-part' })
  try {
    read()
    return undefined
  } catch (error) {
    return messageOf(error).replace('CronPattern: ', '')
  }
}

/** `directory` is /etc/cron.d; tests give another. */
export function cronIn(directory: string) {
  const pathOf = (name: string) => `${directory}/${name}`
  const editOf = (name: string, want: Want): Edit => ({
    path: pathOf(name),
    text: want.ensure === 'absent' ? null : textOf(name, want),
    // cron passes by what others than root could have written.
    access: { mode: '0644', owner: '0', group: '0' },
  })

  return defineResource({
    type: 'cron',
    summary: 'A command that cron runs at its times, in a file of its own in /etc/cron.d.',
    example: "cron('backup', { schedule: '15 3 * * *', command: '/usr/local/bin/backup', env: { MAILTO: 'ops' } })",
    name: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/, 'must have letters, digits, _ and - only: cron passes others by'),
    props: Props,
    problem: (_name, { ensure, schedule, command }) =>
      ensure === 'absent' || (schedule !== undefined && command !== undefined)
        ? undefined
        : 'needs a schedule and a command when it is present.',
    paths: (name) => [pathOf(name)],
    owns: (name) => [pathOf(name)],
    check: async (name, want, host) => [
      ...(await checkEdit(editOf(name, want), host)),
      ...(isNobody(want, host) ? differences({}, { user: want.user }) : []),
    ],
    async apply(name, want, host, changes) {
      if (isNobody(want, host))
        throw new Error(
          `There is no user ${want.user} on this node, and cron would pass cron[${name}] by. Declare user[${want.user}] before it.`,
        )
      await applyEdit(editOf(name, want), host, changes)
    },
  })
}

export const cron = cronIn('/etc/cron.d')

function isNobody({ ensure, user }: Want, host: Host) {
  return ensure === 'present' && !host.users().has(user)
}

function textOf(name: string, { schedule, user, command = '', env }: Want) {
  const variables = Object.entries(env).map(
    ([key, value]) => `${key}=${value.includes('"') ? `'${value}'` : `"${value}"`}`,
  )
  const line = `${schedule} ${user} ${command.replaceAll('%', '\\%')}`
  return [`# Kept by Trivet: cron[${name}]`, ...variables, line, ''].join('\n')
}
