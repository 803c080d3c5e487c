import { z } from 'zod'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `90s`, `10m`, `1h30m`, `2d` as milliseconds. */
export const Duration = z.string().transform((text, context) => {
  const [whole, days, hours, minutes, seconds] = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? []
  if (!whole) {
    context.addIssue(`'${text}' is no duration; write 90s, 10m, 1h or 2d`)
    return z.NEVER
  }
  return (
    Number(days ?? 0) * day + Number(hours ?? 0) * hour + Number(minutes ?? 0) * minute + Number(seconds ?? 0) * second
  )
})

const moment = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/

/** A duration from now on, or a time: `2026-12-01`, `2026-12-01T18:00`, here or with `Z` or `+01:00`. Gives ms since 1970. */
export const Until = z.string().transform((text, context) => {
  const span = Duration.safeParse(text)
  if (span.success) return (now: number) => now + span.data
  const [, date, time = '00:00', zone = ''] = moment.exec(text) ?? []
  const at = z.iso.date().safeParse(date).success ? Date.parse(`${date}T${time}${zone}`) : NaN
  if (!Number.isNaN(at)) return () => at
  context.addIssue(`'${text}' is no time; write 2h, 3d, 2026-12-01 or 2026-12-01T18:00`)
  return z.NEVER
})

/** A duration back from now, or a time, as `Until` takes them. */
export const Since = z.string().transform((text, context) => {
  const span = Duration.safeParse(text)
  if (span.success) return (now: number) => now - span.data
  const at = Until.safeParse(text)
  if (at.success) return at.data
  context.addIssue(`'${text}' is no time; write 12h, 7d, 2026-12-01 or 2026-12-01T18:00`)
  return z.NEVER
})

/** `3m ago`, `in 2h`, `just now`. */
export function relative(at: number, now: number) {
  const distance = Math.abs(now - at)
  if (distance < second) return 'just now'
  return at <= now ? `${roughly(distance, Math.floor)} ago` : `in ${roughly(distance, Math.round)}`
}

/** A token for two hours ends `in 2h` even a second later: what is to come is rounded, what is past is whole. */
function roughly(ms: number, whole: (units: number) => number) {
  if (whole(ms / second) < 60) return `${whole(ms / second)}s`
  if (whole(ms / minute) < 60) return `${whole(ms / minute)}m`
  if (whole(ms / hour) < 48) return `${whole(ms / hour)}h`
  return `${whole(ms / day)}d`
}

/** How long something took: `12ms`, `3.4s`, `41s`, `2m 5s`. */
export function took(ms: number) {
  if (ms < second) return `${ms}ms`
  if (ms < 10 * second) return `${(ms / second).toFixed(1)}s`
  const seconds = Math.round(ms / second)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`
}

/** Local time, to the second: `2026-11-22 17:42:59`. */
export function clockTime(at: number) {
  const date = new Date(at)
  const days = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${days} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

function two(part: number) {
  return String(part).padStart(2, '0')
}
