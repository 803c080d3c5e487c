import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useAct } from '../data/act.ts'
import { signOut } from '../data/session.ts'
import { useSignal } from '../data/signal.ts'
import { useMe } from '../me.ts'
import { setTheme, theme, type Theme } from '../theme-choice.ts'
import { usePlace } from '../router.ts'
import { CutOff, Standing } from './standing.tsx'
import { Icon, type IconName, Mark } from './icon.tsx'

const pages: { href: string; name: string; icon: IconName; apart?: boolean; admin?: boolean }[] = [
  { href: '/', name: 'Fleet', icon: 'fleet' },
  { href: '/nodes', name: 'Nodes', icon: 'nodes' },
  { href: '/orders', name: 'Orders', icon: 'orders' },
  { href: '/roles', name: 'Roles and recipes', icon: 'roles' },
  { href: '/history', name: 'History', icon: 'history' },
  { href: '/leases', name: 'Leases', icon: 'leases', apart: true },
  { href: '/audit', name: 'Audit', icon: 'audit', admin: true },
  { href: '/tokens', name: 'Tokens and users', icon: 'tokens' },
]

export function Frame({
  onSearch,
  onHelp,
  children,
}: {
  onSearch: () => void
  onHelp: () => void
  children: ComponentChildren
}) {
  const [open, setOpen] = useState(false)
  const { path } = usePlace()
  useEffect(() => setOpen(false), [path])
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <div class={`side ${open ? 'open' : ''}`}>
        <a class="brand" href="/">
          <Mark />
          Trivet
        </a>
        <button type="button" class="finder" onClick={onSearch}>
          <Icon name="search" />
          Search <kbd>/</kbd>
        </button>
        <button
          type="button"
          class="button bare burger"
          aria-expanded={open}
          aria-label="Menu"
          onClick={() => setOpen(!open)}
        >
          <Icon name="menu" />
        </button>
        <Pages path={path} />
        <Who onHelp={onHelp} />
      </div>
      <main class="main" id="main" tabIndex={-1}>
        <CutOff />
        {children}
      </main>
    </div>
  )
}

function skip(event: Event) {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}

function Pages({ path }: { path: string }) {
  const me = useMe()
  const seen = pages.filter(({ admin }) => !admin || me?.access === 'admin')
  return (
    <nav aria-label="Pages">
      <ul>
        {seen.map(({ href, name, icon, apart }) => (
          <li key={href} class={apart ? 'apart' : ''}>
            <a href={href} aria-current={isIn(path, href) ? 'page' : undefined}>
              <Icon name={icon} />
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function isIn(path: string, href: string) {
  if (href === '/') return path === '/'
  if (href === '/history' && path.startsWith('/runs/')) return true
  if (href === '/roles' && path.startsWith('/recipes/')) return true
  return path === href || path.startsWith(`${href}/`)
}

function Who({ onHelp }: { onHelp: () => void }) {
  const me = useMe()
  const out = useAct(signOut)
  return (
    <div class="who">
      {me && (
        <div class="who-row">
          <Icon name="person" />
          <span class="grow clip">
            {me.name} {me.name !== me.access && <span class="faint">{me.access}</span>}
          </span>
          <button
            type="button"
            class="button bare small"
            aria-label="Sign out"
            title="Sign out"
            disabled={out.busy}
            onClick={() => void out.run()}
          >
            <Icon name="out" />
          </button>
        </div>
      )}
      <div class="who-row">
        <span class="grow clip">
          <Standing />
        </span>
        <button type="button" class="button bare small" aria-label="Keys" title="Keys" onClick={onHelp}>
          ?
        </button>
        <ThemeButton />
      </div>
    </div>
  )
}

const themes: Record<Theme, { next: Theme; icon: IconName; label: string }> = {
  system: { next: 'light', icon: 'screen', label: 'Theme: as the system has it' },
  light: { next: 'dark', icon: 'sun', label: 'Theme: light' },
  dark: { next: 'system', icon: 'moon', label: 'Theme: dark' },
}

function ThemeButton() {
  const { next, icon, label } = themes[useSignal(theme)]
  return (
    <button type="button" class="button bare small" aria-label={label} title={label} onClick={() => setTheme(next)}>
      <Icon name={icon} />
    </button>
  )
}
