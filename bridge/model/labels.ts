import type { App, Complaint } from './app.ts'

/** What the labels of an app say of one of its ports, in the words of marathon-lb. */
export interface PortLabels {
  isEnabled: boolean
  groups: string[]
  port?: number
  mode?: 'tcp' | 'http'
  balance?: string
  isSticky: boolean
  vhosts: string[]
  path?: string
  /** Of its routes: the heavier is asked first. */
  weight?: number
}

type Reader = (value: string, labels: PortLabels) => boolean

const isHost = (text: string) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)
const listOf = (value: string) =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Each takes its value, or gives false. Nothing that could end a line or a word of haproxy.cfg passes. */
const readers: Record<string, Reader> = {
  GROUP: (value, labels) => {
    labels.groups = listOf(value)
    return true
  },
  ENABLED: (value, labels) => readBoolean(value, (yes) => (labels.isEnabled = yes)),
  STICKY: (value, labels) => readBoolean(value, (yes) => (labels.isSticky = yes)),
  MODE: (value, labels) => {
    const mode = value.trim().toLowerCase()
    if (mode !== 'tcp' && mode !== 'http') return false
    labels.mode = mode
    return true
  },
  // Which algorithms there are is known to haproxy.
  BALANCE: (value, labels) => {
    labels.balance = value.trim()
    return /^[a-z][a-z0-9_-]*(\([A-Za-z0-9_,-]+\))?( [A-Za-z0-9_-]+)*$/.test(labels.balance)
  },
  PORT: (value, labels) => {
    labels.port = Number(value)
    return /^\d{1,5}$/.test(value) && labels.port >= 1 && labels.port <= 65535
  },
  VHOST: (value, labels) => {
    labels.vhosts = [...new Set(listOf(value).map((one) => one.toLowerCase()))].toSorted()
    return labels.vhosts.every(isHost)
  },
  PATH: (value, labels) => {
    const path = value.trim().replace(/^path_beg /, '')
    labels.path = path
    return /^\/[A-Za-z0-9/._~-]*$/.test(path)
  },
  BACKEND_WEIGHT: (value, labels) => {
    labels.weight = Number(value)
    return /^-?\d{1,6}$/.test(value)
  },
}

function readBoolean(value: string, set: (yes: boolean) => void) {
  const word = value.trim().toLowerCase()
  if (!['true', 'false'].includes(word)) return false
  set(word === 'true')
  return true
}

/** Gives why the port cannot be served, where a label is wrong: served otherwise than asked for would be worse. */
export function readLabels(app: App, index: number): PortLabels | { wrong: string } {
  const labels: PortLabels = {
    isEnabled: true,
    groups: listOf(app.labels['HAPROXY_GROUP'] ?? ''),
    isSticky: false,
    vhosts: [],
  }
  for (const [word, read] of Object.entries(readers)) {
    const label = `HAPROXY_${index}_${word}`
    const value = app.labels[label]
    if (value === undefined) continue
    if (!read(value, labels)) return { wrong: `the label ${label} cannot be ${JSON.stringify(value.slice(0, 100))}` }
  }
  return labels
}

function isKnown(label: string) {
  const [, word = ''] = /^HAPROXY_\d+_(\w+)$/.exec(label) ?? []
  return label === 'HAPROXY_GROUP' || Object.hasOwn(readers, word)
}

/** Labels that look as if they were for us, and are not. */
export function unknownLabels(app: App): Complaint[] {
  return Object.keys(app.labels)
    .filter((label) => label.startsWith('HAPROXY_') && !isKnown(label))
    .toSorted()
    .map((label) => ({ app: app.id, effect: 'ignored', text: `this bridge does not know the label ${label}` }))
}
