export interface Timed {
  calendar: string[]
  argv: string[]
  user?: string | undefined
  cwd?: string | undefined
  persistent: boolean
  splaySec: number
}

export function timerText(name: string, { calendar, persistent, splaySec }: Timed) {
  const splay = splaySec > 0 ? [`RandomizedDelaySec=${splaySec}`] : []
  const lines = [...calendar.map((one) => `OnCalendar=${one}`), `Persistent=${persistent}`, ...splay]
  return `[Unit]
Description=Runs ${name}.service by the calendar

[Timer]
${lines.join('\n')}

[Install]
WantedBy=timers.target
`
}

export function serviceText(name: string, { argv, user, cwd }: Timed) {
  const lines = [
    'Type=oneshot',
    ...(user === undefined ? [] : [`User=${user}`]),
    ...(cwd === undefined ? [] : [`WorkingDirectory=${cwd.replaceAll('%', '%%')}`]),
    `ExecStart=:${argv.map(quoted).join(' ')}`,
  ]
  return `[Unit]\nDescription=${name}\n\n[Service]\n${lines.join('\n')}\n`
}

/** As systemd.syntax(7) and systemd.unit(5) want it; `:` before the program keeps $ as it is. */
function quoted(word: string) {
  return `"${word.replaceAll(/[\s\S]/g, escaped)}"`
}

function escaped(char: string) {
  if (char < ' ') return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  if (char === '"' || char === '\\') return `\\${char}`
  return char === '%' ? '%%' : char
}
