import { Cron } from 'croner'
import type { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'
import { Window } from '../../protocol/catalog.ts'

/** A window that opens some day: cron and time zone are what the agent will understand. */
export const RoleWindow = Window.superRefine(({ cron, timezone = 'UTC' }, context) => {
  const wrong = (path: keyof Window, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  if (!isTimezone(timezone))
    return wrong(
      'timezone',
      `there is no time zone '${timezone}'; write a name of the IANA database, such as Europe/Prague`,
    )
  try {
    // From a fixed moment, since what is in force must not hang on when it was loaded.
    if (!new Cron(cron, { mode: '5-part', timezone }).nextRun(new Date(0))) wrong('cron', `'${cron}' never comes`)
  } catch (error) {
    wrong(
      'cron',
      `'${cron}' is no cron expression (${messageOf(error).replace(/^CronPattern: /, '')}); write five fields as in crontab(5)`,
    )
  }
}) satisfies z.ZodType<Window>

function isTimezone(name: string) {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
