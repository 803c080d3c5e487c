import { Script } from 'node:vm'

/** What the agent is put together from: its parts, each with what V8 compiled of it before, and programs that it runs. */
export interface Supply {
  /** Source or bytes under that name; undefined where there is none. */
  read: (name: string) => Buffer | undefined
  /** The path of a program under that name, to be run. */
  program: (name: string) => string
  /** Told of each part that is loaded. */
  onLoad?: (name: string, script: Script) => void
}

/**
 * Runs the quick program where it will do, else the whole agent: each from V8's code cache, which saves a cold start most of its compiling.
 * A cache that another V8 made, or this one under other flags, is refused by V8, and the part compiled as usual.
 */
export async function start(supply: Supply, argv: string[], isFaultSet: boolean) {
  if (argv[0] === 'converge' && !isFaultSet) {
    const code = await load('quick', supply).convergeQuickly?.(argv)
    if (code !== undefined) {
      process.exitCode = code
      return
    }
  }
  load('agent', supply)
}

/** Gives what the part exports: of the quick program its one function, of the others nothing that is used here. */
function load(name: string, supply: Supply) {
  const filename = `${name}.js`
  const source = supply.read(filename)
  if (!source) throw new Error(`${filename} is not in this program: it was not built whole`)
  const cachedData = supply.read(`${name}.cache`)
  const script = new Script(source.toString('latin1'), { filename, cachedData })
  supply.onLoad?.(name, script)
  const module: { exports: Partial<typeof import('../quick/main.ts')> } = { exports: {} }
  // What the wrapper that bundle.ts writes around each part gives.
  const run: (...given: unknown[]) => void = script.runInThisContext()
  run(module.exports, (id: string) => required(id, supply), module, filename, '')
  return module.exports
}

/** `./bridge.js` is another part, `program:esbuild` the path of a program; all else is of Node.js. */
function required(id: string, supply: Supply): unknown {
  const part = /^\.\/(\w+)\.js$/.exec(id)?.[1]
  if (part !== undefined) return load(part, supply)
  if (id.startsWith('program:')) return supply.program(id.slice('program:'.length))
  const builtin = process.getBuiltinModule(id)
  // Whoever asks for what it can do without looks at the code.
  if (builtin === undefined)
    throw Object.assign(new Error(`${id} is not in this program`), { code: 'MODULE_NOT_FOUND' })
  return builtin
}
