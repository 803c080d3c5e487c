import type { ComponentChildren } from 'preact'
import type { Failure } from '../data/client.ts'
import { now } from '../data/now.ts'
import { useSignal } from '../data/signal.ts'
import type { Look } from '../status.ts'
import { agoOf, timeOf } from '../text.ts'
import { Icon, type IconName } from './icon.tsx'

export function Status({ look, title }: { look: Look; title?: string | undefined }) {
  return (
    <span class={`status tone-${look.tone} ${look.spin ? 'spin' : ''}`} title={title}>
      <Icon name={look.icon} />
      {look.label}
    </span>
  )
}

export function Ago({ at }: { at: number }) {
  useSignal(now)
  return (
    <time dateTime={new Date(at).toISOString()} title={timeOf(at)}>
      {agoOf(at)}
    </time>
  )
}

interface HeadProps {
  title: ComponentChildren
  lead?: ComponentChildren
  /** What this page is under: its name and where it is. */
  under?: { name: string; href: string }[]
  children?: ComponentChildren
}

export function PageHead({ title, lead, under, children }: HeadProps) {
  return (
    <header class="page-head">
      <div class="grow">
        {under && (
          <nav class="crumbs" aria-label="Above this page">
            {under.map(({ name, href }) => (
              <a key={href} href={href}>
                {name}
              </a>
            ))}
          </nav>
        )}
        <h1>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  )
}

interface CardProps {
  title: ComponentChildren
  aside?: ComponentChildren
  /** Without room around what is inside: for tables and lists. */
  flush?: boolean
  /** Of a part of the page that one may want to go to by itself. */
  label?: string
  children: ComponentChildren
}

export function Card({ title, aside, flush, label, children }: CardProps) {
  return (
    <section class="card" aria-label={label}>
      <header>
        <h2 class="grow clip">{title}</h2>
        {aside}
      </header>
      {flush ? children : <div class="inside">{children}</div>}
    </section>
  )
}

export function Tell({ tone, icon, children }: { tone: Look['tone']; icon: IconName; children: ComponentChildren }) {
  return (
    <div class={`tell tone-${tone}`}>
      <Icon name={icon} />
      <div class="grow">{children}</div>
    </div>
  )
}

export function Trouble({ failure }: { failure: Failure | undefined }) {
  if (!failure) return null
  return (
    <div role="alert">
      <Tell tone="bad" icon="failed">
        {failure.message}
      </Tell>
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export function Loading() {
  return (
    <p class="empty" aria-live="polite">
      Loading…
    </p>
  )
}
