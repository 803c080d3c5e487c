import { build, type BuildOptions, type Plugin } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Built } from '../built.ts'

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

const asBuilt = (built: Built): Plugin => ({
  name: 'as built',
  setup: (building) => {
    building.onLoad({ filter: /\/agent\/built\.ts$/ }, () => ({
      contents: `export const built = ${JSON.stringify(built)}`,
    }))
  },
})

/** What one verb alone needs is a part of its own, so that the others start without it. */
const apartFrom: Plugin = {
  name: 'apart',
  setup: (building) => {
    building.onResolve({ filter: /\/(masterless|bridge)\/main\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import'
        ? { path: path.includes('bridge') ? './bridge.js' : './apply.js', external: true }
        : undefined,
    )
  },
}

const options: BuildOptions = {
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node24',
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

/** Makes the parts of the program, and what starts it, from this source; gives the names of the npm packages that have code in them. */
export async function bundle(folder: string, built: Built) {
  const source = fileURLToPath(new URL('..', import.meta.url))
  const part = (name: string, entry: string, more: BuildOptions) =>
    build({
      ...options,
      ...asFunction,
      entryPoints: [join(source, entry)],
      outfile: join(folder, `${name}.js`),
      ...more,
    })
  const results = await Promise.all([
    part('agent', 'main.ts', { plugins: [asBuilt(built), englishOnly, fewSensors, typesWhenNamed, apartFrom] }),
    part('quick', 'quick/main.ts', {
      alias: { zod: join(source, 'quick/no-zod.ts') },
      plugins: [asBuilt(built), typesWhenNamed],
    }),
    part('apply', 'masterless/main.ts', {
      plugins: [englishOnly],
      // esbuild is a program of its own, which its API looks for in node_modules unless it is told a path.
      define: { 'process.env.ESBUILD_BINARY_PATH': 'esbuildProgram' },
      banner: { js: `${asFunction.banner.js} const esbuildProgram = require('program:esbuild');` },
    }),
    part('bridge', '../bridge/main.ts', { plugins: [englishOnly] }),
    build({
      ...options,
      entryPoints: {
        executable: join(source, 'executable/main.ts'),
        'keep-cache': join(source, 'build/keep-cache.ts'),
      },
      outdir: folder,
      outExtension: { '.js': '.cjs' },
    }),
  ])
  const files = results.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}))
  const names = files.map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
  return new Set(names.filter((name) => name !== undefined))
}
