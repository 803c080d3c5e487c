import nunjucks from 'nunjucks'
import { messageOf } from '../../protocol/errors.ts'
import type { Files } from './files.ts'

/** The templates of one recipe, compiled. */
export interface Templates {
  /** Throws TemplateError. `path` is from the folder of the recipe. */
  render(path: string, variables: Record<string, unknown>): string
  paths: string[]
}

/** A template that does not parse or render: `recipes/nginx/app.conf.njk:3: what is wrong`. */
export class TemplateError extends Error {
  override name = 'TemplateError'
}

class UndefinedVariable extends Error {
  readonly variable: string

  constructor(variable: string) {
    super(`${variable} is undefined`)
    this.variable = variable
  }
}

/** Compiles everything that ends in .njk. `folder` is what the paths in errors begin with. */
export function compileTemplates(folder: string, files: Files, errors: string[]): Templates {
  const sources = new Map(
    [...files].filter(([path]) => path.endsWith('.njk')).map(([path, bytes]) => [path, bytes.toString('utf8')]),
  )
  const environment = strictEnvironment(sources)
  const explain = (path: string, error: unknown) => new TemplateError(`${folder}/${describe(path, error, sources)}`)

  for (const path of sources.keys()) {
    try {
      environment.getTemplate(path, true)
    } catch (error) {
      errors.push(explain(path, error).message)
    }
  }

  return {
    paths: [...sources.keys()],
    render(path, variables) {
      try {
        return environment.render(path, variables)
      } catch (error) {
        throw explain(path, error)
      }
    },
  }
}

function strictEnvironment(sources: Map<string, string>) {
  const getSource = (path: string) => ({ src: findSource(sources, path), path, noCache: false })
  // dev keeps the error's own fields instead of a text made of them.
  const options = { autoescape: false, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true, dev: true }
  const environment = new nunjucks.Environment({ getSource }, options)
  // nunjucks looks for globals last: what is not there either was never given. Alone, throwOnUndefined lets `{% if typo %}` pass.
  const globals: object = Reflect.get(environment, 'globals')
  Reflect.set(environment, 'globals', new Proxy(globals, { has: () => true, get: getOrThrow }))
  return environment
}

function getOrThrow(globals: object, name: string): unknown {
  if (!Object.hasOwn(globals, name)) throw new UndefinedVariable(name)
  return Reflect.get(globals, name)
}

function findSource(sources: Map<string, string>, path: string) {
  const source = sources.get(path)
  if (source === undefined) throw new Error(`there is no template ${path} in this recipe`)
  return source
}

function describe(asked: string, thrown: unknown, sources: Map<string, string>) {
  const path = innermostPath(thrown) ?? asked
  const source = sources.get(path) ?? ''
  const error = innermost(thrown)
  if (!(error instanceof Error)) return `${path}: ${String(error)}`
  const cause = error.cause
  if (cause instanceof UndefinedVariable) return `${path}:${lineUsing(cause.variable, source)}: ${cause.message}`
  const line = numberIn(error, 'lineno') + (cause ? 1 : 0)
  const column = numberIn(error, 'colno')
  const text = cause ? messageOf(cause) : lastLine(error.message)
  if (!text.startsWith('attempted to output null or undefined')) return `${path}:${Math.max(line, 1)}: ${text}`
  return `${path}:${line}: ${expressionAt(source, line, column)} is undefined or null`
}

/** nunjucks puts `(path)` before the message once for each template that the error passed through. */
function innermostPath(error: unknown) {
  const passed = [...messageOf(error).matchAll(/^ *\(([^)\n]+)\)(?: \[Line .*)?$/gm)]
  return passed.at(-1)?.[1]
}

/** Through each include it is wrapped once more. */
function innermost(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'lineno' in cause ? innermost(cause) : error
}

function lastLine(text: string) {
  return text.trim().split('\n').at(-1)?.trim() ?? ''
}

function numberIn(error: Error, field: 'lineno' | 'colno') {
  return Number(Reflect.get(error, field) ?? 0)
}

function lineUsing(variable: string, source: string) {
  const use = new RegExp(`\\{[{%][^}]*?(?<![.\\w'"])${variable.replaceAll('$', '\\$')}\\b`)
  const at = source.search(use)
  if (at < 0) return 1
  const within = source.slice(at).search(new RegExp(`(?<![.\\w'"])${variable.replaceAll('$', '\\$')}\\b`))
  return source.slice(0, at + Math.max(within, 0)).split('\n').length
}

/** `{{ node.adress }}`, as written at that place. */
function expressionAt(source: string, line: number, column: number) {
  const text = source.split('\n')[line - 1] ?? ''
  const expressions = [...text.matchAll(/\{\{.*?\}\}/g)]
  const found = expressions.find(({ index, 0: one }) => index < column && column <= index + one.length)
  return found?.[0] ?? text.trim()
}
