import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path/posix'
import { build, type Message, type OnResolveArgs, type OnResolveResult, type Plugin } from 'esbuild'
import type { Files } from './files.ts'

export interface Bundle {
  /** The entry's path: `recipes/nginx/nginx.ts`. */
  path: string
  code: string
  map: string
}

/** What `mayImport` says for everything that Node.js itself has. */
export const builtins = 'node:*'

/** Bundles each entry with the helpers it imports, from memory. Gives what is wrong instead, each with its place. */
export async function bundle(entries: string[], files: Files, mayImport: string[]) {
  if (entries.length === 0) return { bundles: [], errors: [] }
  try {
    const { outputFiles } = await build({ ...options, entryPoints: entries, plugins: [fromMemory(files, mayImport)] })
    const text = new Map(outputFiles.map((file) => [file.path.slice(outdir.length + 1), file.text]))
    const bundles = entries.map((path): Bundle => {
      const output = path.replace(/\.ts$/, '.js')
      return { path, code: text.get(output) ?? '', map: text.get(`${output}.map`) ?? '' }
    })
    return { bundles, errors: [] }
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    return { bundles: [], errors: error.errors.map(describe) }
  }
}

const outdir = '/out'
const namespace = 'source'

const options = {
  bundle: true,
  write: false,
  outdir,
  absWorkingDir: '/',
  outbase: '/',
  format: 'cjs',
  platform: 'neutral',
  target: 'node20',
  charset: 'utf8',
  sourcemap: 'external',
  sourcesContent: false,
  logLevel: 'silent',
  tsconfigRaw: {},
  // Where the code runs there is `require` alone.
  supported: { 'dynamic-import': false },
} as const

function fromMemory(files: Files, mayImport: string[]): Plugin {
  return {
    name: 'sources',
    setup(esbuild) {
      esbuild.onResolve({ filter: /.*/ }, (args) => resolve(args, files, mayImport))
      esbuild.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: files.get(path) ?? '', loader: 'ts' }))
    },
  }
}

function resolve({ kind, path, importer }: OnResolveArgs, files: Files, mayImport: string[]): OnResolveResult {
  if (kind === 'entry-point') return { path, namespace }
  if (mayImport.includes(path)) return { path, external: true }
  if (mayImport.includes(builtins) && path.startsWith('node:') && isBuiltin(path)) return { path, external: true }
  const allowed = `${mayImport.join(', ')} and TypeScript files beside it by their relative path`
  if (!/^\.\.?\//.test(path)) return wrong(`cannot import ${path}. It may import ${allowed}.`)
  const target = join(dirname(importer), path)
  const found = [target, `${target}.ts`].find((name) => name.endsWith('.ts') && files.has(name))
  return found
    ? { path: found, namespace }
    : wrong(`cannot import ${path}: there is no ${target}. It may import ${allowed}.`)
}

function wrong(text: string) {
  return { errors: [{ text }] }
}

/** esbuild counts columns from 0. */
function describe({ text, location }: Message) {
  if (!location) return text
  const file = location.file.replace(`${namespace}:`, '')
  return `${file}:${location.line}:${location.column + 1}: ${text}${hintOn(text, location.lineText)}`
}

/** A mode is what people write so. */
function hintOn(text: string, line: string) {
  const [octal] = text.startsWith('Legacy octal') ? (/\b0[0-7]{3}\b/.exec(line) ?? []) : []
  return octal === undefined ? '' : `. Write '${octal}', as text, where a mode is meant`
}

function isBuildFailure(error: unknown): error is Error & { errors: Message[] } {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
