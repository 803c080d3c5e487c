const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]

/** `3m ago`, `in 2h`. */
export function agoOf(at: number, now = Date.now()) {
  const away = Math.abs(now - at)
  if (away < 5 * second) return 'just now'
  const text = spanOf(away)
  return at > now ? `in ${text}` : `${text} ago`
}

/** The largest unit alone: `41s`, `3m`, `5h`, `12d`. */
function spanOf(ms: number) {
  if (ms < minute) return `${Math.floor(ms / second)}s`
  if (ms < hour) return `${Math.floor(ms / minute)}m`
  if (ms < 2 * day) return `${Math.floor(ms / hour)}h`
  return `${Math.floor(ms / day)}d`
}

/** How long something took: `12 ms`, `3.4 s`, `2m 05s`. */
export function tookOf(ms: number) {
  if (ms < second) return `${Math.round(ms)} ms`
  if (ms < minute) return `${(ms / second).toFixed(1)} s`
  const seconds = Math.floor((ms % minute) / second)
  return `${Math.floor(ms / minute)}m ${String(seconds).padStart(2, '0')}s`
}

/** `2026-11-28 23:05:12`, by the browser's clock. */
export function timeOf(at: number) {
  const date = new Date(at)
  const days = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${days} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function two(value: number) {
  return String(value).padStart(2, '0')
}

export function many(count: number, one: string, more = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : more}`
}

/** `admin`, `operator in paris, rome`. */
export function rightsText({ access, clusters }: { access: string; clusters: 'all' | string[] }) {
  return clusters === 'all' ? access : `${access} in ${clusters.join(', ')}`
}

/** A value as one line. */
export function valueText(value: unknown): string {
  if (value === undefined) return '—'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function shortId(id: string) {
  return id.slice(0, 8)
}

/** What an order asks for, at the head of a sentence about its nodes. */
export const orderWords = { converge: 'Converge', plan: 'Plan', upgrade: 'Upgrade the agents of' }
