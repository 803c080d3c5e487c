import { SourceMap } from 'node:module'
import { compileFunction } from 'node:vm'
import type { Bundle } from './bundle.ts'

/** A place in the author's file. Lines and columns count from 1. */
interface Place {
  path: string
  line: number
  column: number
}

/** Knows where in the author's files the running code stands. */
export interface Places {
  /** Of the call to `below`: the nearest one that an author wrote. */
  ofCall(below: (...given: never[]) => unknown): Place
  /** Of what threw; the top of the file when the stack does not tell. */
  ofError(error: unknown): Place
}

/** Runs bundled code with just the modules in `imports`, and what the bundler let through of Node.js itself. A function, not an ES module: those can never be unloaded again. */
export function runModule({ path, code }: Bundle, imports: Record<string, unknown>, script: string): unknown {
  const module: { exports: { default?: unknown } } = { exports: {} }
  const run = compileFunction(code, ['module', 'require'], { filename: script })
  run(module, (name: string) => imports[name] ?? process.getBuiltinModule(name))
  if (!module.exports) throw new Error(`${path} exports nothing`)
  return module.exports.default
}

export function placesIn({ path, map }: Bundle, script: string): Places {
  const sourceMap = new SourceMap(JSON.parse(map))
  const known = new Map<string, Place>()

  function mapped(line: number, column: number): Place {
    const key = `${line}:${column}`
    const place = known.get(key) ?? originalPlace(sourceMap, line, column) ?? { path, line: 1, column: 1 }
    known.set(key, place)
    return place
  }

  return {
    ofCall(below) {
      // Nearly always the author's is the first; between may stand an Array's forEach and the like.
      const site = siteIn(script, callSites(below, 1)) ?? siteIn(script, callSites(below, 20))
      return mapped(site?.getLineNumber() ?? 0, site?.getColumnNumber() ?? 0)
    },
    ofError(error) {
      const stack = error instanceof Error ? String(error.stack) : ''
      const at = stack.indexOf(`${script}:`)
      const [line = 0, column = 0] =
        at < 0
          ? []
          : stack
              .slice(at + script.length + 1)
              .split(/\D/, 2)
              .map(Number)
      return mapped(line, column)
    },
  }
}

function originalPlace(map: SourceMap, line: number, column: number): Place | undefined {
  const entry = map.findEntry(line - 1, column - 1)
  if (!('originalSource' in entry) || !entry.originalSource) return undefined
  const path = entry.originalSource.replace(/^.*?source:/, '')
  return { path, line: entry.originalLine + 1, column: entry.originalColumn + 1 }
}

function siteIn(script: string, sites: NodeJS.CallSite[]) {
  return sites.find((site) => site.getFileName() === script)
}

function asTheyAre(_error: Error, sites: NodeJS.CallSite[]) {
  return sites
}

/** Call sites as V8 gives them: no text is made and no other source maps are asked, so a call costs microseconds. */
function callSites(below: (...given: never[]) => unknown, limit: number) {
  const { stackTraceLimit } = Error
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace')
  const holder: { stack: NodeJS.CallSite[] } = { stack: [] }
  Error.prepareStackTrace = asTheyAre
  Error.stackTraceLimit = limit
  try {
    Error.captureStackTrace(holder, below)
    return holder.stack
  } finally {
    Reflect.set(Error, 'prepareStackTrace', prepare)
    Error.stackTraceLimit = stackTraceLimit
  }
}
