import { createHash } from 'node:crypto'
import type { BridgeConfig } from '../config.ts'
import type { Layout, Slot } from '../model/layout.ts'
import type { Backend, Model } from '../model/model.ts'
import { frontSection, listensTo } from './front.ts'
import { head } from './head.ts'

/** Lines of haproxy.cfg that belong together, and the app that has caused them. */
export interface Section {
  app?: string
  lines: string[]
}

export interface Rendered {
  text: string
  /** Tells configurations apart between which HAProxy must be reloaded: the same whatever is in the slots. */
  shape: string
  /** Whose doing a line is, by its number from 1. */
  appAt: (line: number) => string | undefined
}

export function render(model: Model, layout: Layout, config: BridgeConfig): Rendered {
  const shape = digest(sections(model, emptied(layout), config, ''))
  const all = sections(model, layout, config, shape)
  return { text: textOf(all), shape, appAt: (line) => ownerOf(all, line) }
}

function sections(model: Model, layout: Layout, config: BridgeConfig, shape: string): Section[] {
  return [
    head(config, shape),
    frontSection(model, config),
    ...model.backends.flatMap((backend) => listener(backend, config)),
    ...model.backends.map((backend) => backendSection(backend, layout.get(backend.name) ?? [])),
  ]
}

function listener({ app, name, listen, mode }: Backend, { bindAddress }: BridgeConfig): Section[] {
  if (listen === undefined) return []
  const bind = `    bind ${bindAddress}:${listen}`
  return [{ app, lines: [`frontend port:${listen}`, bind, ...listensTo(mode), `    default_backend ${name}`] }]
}

function backendSection(backend: Backend, slots: Slot[]): Section {
  const { app, name, mode, balance, isSticky } = backend
  return {
    app,
    lines: [
      `backend ${name}`,
      `    mode ${mode}`,
      `    balance ${balance}`,
      ...(mode === 'http' ? retries : []),
      ...(isSticky ? ['    cookie bridge_server insert indirect nocache'] : []),
      ...checkLines(backend),
      ...slots.map((slot, index) => serverLine(slot, index, isSticky)),
    ],
  }
}

// A task may die with a request: what may be asked twice is, of another. For the rest only what never reached the first one is.
const retries = [
  '    retry-on conn-failure empty-response',
  '    http-request disable-l7-retry unless METH_GET or { method OPTIONS }',
]

function checkLines({ check, vhosts }: Backend) {
  if (!check) return []
  const host = vhosts[0] ?? 'localhost'
  return [
    '    option httpchk',
    `    http-check send meth GET uri ${check.path} ver HTTP/1.1 hdr Host ${host} hdr Connection close`,
    `    timeout check ${check.timeoutSeconds}s`,
  ]
}

export function slotName(index: number) {
  return `s${index + 1}`
}

function serverLine(slot: Slot, index: number, isSticky: boolean) {
  const name = slotName(index)
  const cookie = isSticky ? ` cookie ${name}` : ''
  if (!slot) return `    server ${name} 127.0.0.1:9${cookie} disabled`
  return `    server ${name} ${slot.address}:${slot.port}${cookie}${slot.state === 'drain' ? ' weight 0' : ''}`
}

function emptied(layout: Layout): Layout {
  return new Map([...layout].map(([name, slots]) => [name, slots.map(() => undefined)]))
}

function digest(all: Section[]) {
  return createHash('sha256').update(textOf(all)).digest('hex').slice(0, 32)
}

function textOf(all: Section[]) {
  return `${all.map(({ lines }) => lines.join('\n')).join('\n\n')}\n`
}

function ownerOf(all: Section[], line: number) {
  let last = 0
  for (const { app, lines } of all) {
    last += lines.length + 1
    if (line <= last) return app
  }
  return undefined
}
