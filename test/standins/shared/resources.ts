import type { Resources } from './protocol.ts'

/** `cpus:2;mem:1024;ports:[31000-32000]`, or the JSON form of it; throws on what Mesos refuses. */
export function parseResources(text: string): Partial<Resources> {
  const found: Record<string, number | [number, number][]> = {}
  for (const part of text.split(';').map((one) => one.trim())) {
    if (part === '') continue
    const [, name = '', value = ''] = /^([a-z]+)(?:\([^)]*\))?\s*:\s*(.+)$/.exec(part) ?? []
    if (name === 'ports') found.ports = parseRanges(value)
    else if (['cpus', 'mem', 'disk', 'gpus'].includes(name) && Number.isFinite(Number(value)))
      found[name] = Number(value)
    else throw new Error(`Bad value for resources, missing or extra ':' or no number: '${part}'`)
  }
  return found
}

function parseRanges(text: string): [number, number][] {
  const [, inside] = /^\[(.*)\]$/.exec(text.trim()) ?? []
  if (inside === undefined) throw new Error(`Expecting a range such as [31000-32000], not '${text}'`)
  return inside.split(',').map((range) => {
    const [, low, high] = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(range) ?? []
    if (low === undefined || high === undefined)
      throw new Error(`Expecting a range such as 31000-32000, not '${range}'`)
    return [Number(low), Number(high)]
  })
}

function showRanges(ranges: [number, number][]) {
  return `[${ranges.map(([low, high]) => `${low}-${high}`).join(', ')}]`
}

/** As the HTTP endpoints show them: no ports where there are none. */
export function showResources({ ports, ...scalars }: Resources) {
  return { ...scalars, ...(ports.length > 0 && { ports: showRanges(ports) }) }
}

/** The ranges without these ports. */
export function withoutPorts(ranges: [number, number][], taken: number[]): [number, number][] {
  let left = ranges
  for (const port of taken) {
    left = left.flatMap(([low, high]): [number, number][] => {
      if (port < low || port > high) return [[low, high]]
      const below: [number, number][] = port > low ? [[low, port - 1]] : []
      return port < high ? [...below, [port + 1, high]] : below
    })
  }
  return left
}

interface Used {
  cpus: number
  mem: number
  disk: number
  gpus: number
  ports: number[]
}

export function sumOf(tasks: Used[]): Resources {
  const sum = (key: 'cpus' | 'mem' | 'disk' | 'gpus') =>
    Number(tasks.reduce((total, task) => total + task[key], 0).toFixed(3))
  const ports = tasks.flatMap((task) => task.ports).toSorted((a, b) => a - b)
  return {
    cpus: sum('cpus'),
    mem: sum('mem'),
    disk: sum('disk'),
    gpus: sum('gpus'),
    ports: ports.map((port): [number, number] => [port, port]),
  }
}

export function freeOf(all: Resources, tasks: Used[]): Resources {
  const used = sumOf(tasks)
  return {
    cpus: Number((all.cpus - used.cpus).toFixed(3)),
    mem: all.mem - used.mem,
    disk: all.disk - used.disk,
    gpus: all.gpus - used.gpus,
    ports: withoutPorts(
      all.ports,
      tasks.flatMap(({ ports }) => ports),
    ),
  }
}
