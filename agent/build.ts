import { build, type BuildOptions, type Plugin } from 'esbuild'
import { chmodSync, copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../package.json' with { type: 'json' }
import { makeCodeCaches } from './code-cache.ts'

/** Where the folder lies on a node: the first line of the program names the Node.js beside it. */
const installedIn = '/usr/lib/trivet'

/**
 * Runs the quick program where it will do, else the whole agent: each from V8's code cache, which saves a cold start most of its compiling. A cache that another Node.js made is refused
 * by V8, and the bundle compiled as usual. With TRIVET_MAKE_CACHE it writes the cache instead, of what was compiled until the end.
 */
const starter = `#!${installedIn}/node
const { readFileSync, writeFileSync, existsSync } = require('node:fs')
const { Script } = require('node:vm')
const make = process.env.TRIVET_MAKE_CACHE
function load(name) {
  const filename = __dirname + '/' + name + '.js', cache = __dirname + '/' + name + '.cache'
  const cachedData = make || !existsSync(cache) ? undefined : readFileSync(cache)
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData })
  if (make) process.on('exit', () => writeFileSync(cache, script.createCachedData()))
  const module = { exports: {} }
  script.runInThisContext()(module.exports, require, module, filename, __dirname)
  return module.exports
}
async function main() {
  const argv = process.argv.slice(2)
  const code = argv[0] === 'converge' && !process.env.TRIVET_FAULT ? await load('quick').convergeQuickly(argv) : undefined
  if (code === undefined) load('agent')
  else process.exitCode = code
}
main()
`

// Zod brings its messages in fifty languages, a quarter of the bundle; the agent speaks one.
const englishOnly: Plugin = {
  name: 'english only',
  setup: (building) => {
    building.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js'`,
    }))
  },
}

// Of the sensors of many systems the agent asks for two things.
const fewSensors: Plugin = {
  name: 'few sensors',
  setup: (building) => {
    building.onLoad({ filter: /systeminformation\/lib\/index\.js$/ }, () => ({
      contents: `exports.system = require('./system').system
exports.mem = require('./memory').mem`,
    }))
  },
}

// A type is loaded when a catalog names it: each is a getter, and a module of its own until then.
const typesWhenNamed: Plugin = {
  name: 'types when named',
  setup: (building) => {
    building.onLoad({ filter: /\/resources\/index\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const files = new Map(
        [...text.matchAll(/^import \{ (\w+) \} from '(.+)'$/gm)].map(([, name, file]) => [name, file]),
      )
      const list = /resourceTypes = \{([^}]*)\}/.exec(text)?.[1] ?? ''
      const getters = [...list.matchAll(/(\w+)(?:: (\w+))?,/g)].map(
        ([, type, name = type]) => `get ${type}() { return require('${files.get(name)}').${name} },`,
      )
      return { contents: `export const resourceTypes = { ${getters.join('\n')} }`, loader: 'ts' }
    })
  },
}

/** What one verb alone needs is a file of its own, beside the agent, so that the others start without it. */
const apartFrom: Plugin = {
  name: 'apart',
  setup: (building) => {
    building.onResolve({ filter: /\/(masterless|bridge)\/main\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import'
        ? { path: path.includes('bridge') ? './bridge.cjs' : './apply.cjs', external: true }
        : undefined,
    )
  },
}

const options: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Latin1 is read without decoding.
  charset: 'ascii',
  minifySyntax: true,
  minifyIdentifiers: true,
  keepNames: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // Code that is run from a cache can `require`, and not `import()`.
  supported: { 'dynamic-import': false },
  // Optional accelerators of ws and sensors of other systems, in native code: they do without. nunjucks watches no files here.
  external: ['bufferutil', 'utf-8-validate', 'osx-temperature-sensor', 'macos-temperature-sensor', 'chokidar'],
  logLevel: 'error',
}

/** Written around a program at once: text that is put together at its start would lie in memory as long as it runs. */
const asFunction = {
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '})' },
}

/** Makes the folder that a node needs: the agent, the Node.js that runs it, the unit, and what compiles without a server. Nothing of npm is left in it. */
export async function buildAgent(folder: string) {
  const source = fileURLToPath(new URL('.', import.meta.url))
  const program = join(folder, 'trivet-agent.cjs')
  const node = join(folder, 'node')
  mkdirSync(folder, { recursive: true })
  // As it is where it is installed, though the folder may be a temporary one: not only root runs what lies there.
  chmodSync(folder, 0o755)
  await build({
    ...options,
    entryPoints: [join(source, 'main.ts')],
    outfile: join(folder, 'agent.js'),
    ...asFunction,
    plugins: [englishOnly, fewSensors, typesWhenNamed, apartFrom],
  })
  await build({
    ...options,
    entryPoints: [join(source, 'quick/main.ts')],
    outfile: join(folder, 'quick.js'),
    ...asFunction,
    alias: { zod: join(source, 'quick/no-zod.ts') },
    plugins: [typesWhenNamed],
  })
  await buildApply(source, folder)
  await build({
    ...options,
    entryPoints: [join(source, '../bridge/main.ts')],
    outfile: join(folder, 'bridge.cjs'),
    plugins: [englishOnly],
  })
  writeFileSync(program, starter, { mode: 0o755 })
  copyProgram(process.execPath, node)
  copyFileSync(join(source, 'trivet-agent.service'), join(folder, 'trivet-agent.service'))
  makeCodeCaches(node, program, packageJson.version)
}

// esbuild is a program of its own, which its API looks for in node_modules unless it is told a path.
async function buildApply(source: string, folder: string) {
  await build({
    ...options,
    entryPoints: [join(source, 'masterless/main.ts')],
    outfile: join(folder, 'apply.cjs'),
    plugins: [englishOnly],
    define: { 'process.env.ESBUILD_BINARY_PATH': 'esbuildBesideThis' },
    banner: { js: "const esbuildBesideThis = __dirname + '/esbuild'" },
  })
  const ofEsbuild = createRequire(createRequire(import.meta.url).resolve('esbuild'))
  const binary = ofEsbuild.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`)
  copyProgram(binary, join(folder, 'esbuild'))
}

/** In the place of the one that is there, which may be running: nobody can write over that. */
export function copyProgram(from: string, to: string) {
  const beside = `${to}.new`
  copyFileSync(from, beside)
  chmodSync(beside, 0o755)
  renameSync(beside, to)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAgent(process.argv[2] ?? 'dist/agent')
