import { build, type Plugin } from 'esbuild'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'
import type { ApiFault } from './api/fault.ts'

const folder = join(import.meta.dirname, '..', 'console')

/** Nothing but what this server serves is loaded, run or asked; nobody frames the page. */
const policy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `form-action 'self'`,
  `base-uri 'none'`,
  `frame-ancestors 'none'`,
  `require-trusted-types-for 'script'`,
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

// Zod brings its messages in fifty languages; the console speaks one. Hashes are the server's matter.
const slim: Plugin = {
  name: 'slim',
  setup: (building) => {
    building.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js'`,
    }))
    building.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true, sideEffects: false }))
  },
}

const compress = promisify(brotliCompress)
const types: Record<string, string> = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' }

interface Asset {
  type: string
  bytes: Uint8Array
  brotli: Buffer
}

/** The console: one page, whatever the path, and its script and styles, bundled when they are first asked for. */
export function registerConsole(app: FastifyInstance) {
  app.get('/assets/:name', async (request: FastifyRequest<{ Params: { name: string } }>, reply) => {
    const asset = (await ready()).assets.get(request.params.name)
    if (!asset) return reply.callNotFound()
    return sendAsset(request, reply, asset)
  })
  app.get('/*', async (request, reply) => {
    if (!isPage(request)) return reply.callNotFound()
    const { page } = await ready()
    return reply.headers(headers).header('cache-control', 'no-cache').type(html).send(page)
  })
}

/** Tells a person why they are not let in. */
export async function sendRefusal(reply: FastifyReply, { status, message, code, headers: more }: ApiFault) {
  const { refused } = await ready()
  const text = refused.replace('{message}', () => escaped(message)).replace('{code}', code)
  return reply
    .code(status)
    .headers({ ...headers, ...more })
    .header('cache-control', 'no-store')
    .type(html)
    .send(text)
}

const html = 'text/html; charset=utf-8'

function escaped(text: string) {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** What a browser goes to; a mistyped path of the API or of agents is not. */
function isPage({ url, headers: { accept = '' } }: FastifyRequest) {
  return !/^\/(api|agent|blobs)\b/.test(url) && accept.includes('text/html')
}

function sendAsset(
  { headers: { 'accept-encoding': accepted = '' } }: FastifyRequest,
  reply: FastifyReply,
  asset: Asset,
) {
  const { type, bytes, brotli } = asset
  // Its name holds its hash.
  void reply.headers({ ...headers, 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' })
  if (!accepted.includes('br')) return reply.type(type).send(Buffer.from(bytes))
  return reply.type(type).header('content-encoding', 'br').send(brotli)
}

let bundled: ReturnType<typeof bundleConsole> | undefined

/** A build that failed is tried again by the next who asks. */
function ready() {
  return (bundled ??= bundleConsole().catch((error: unknown) => {
    bundled = undefined
    throw error
  }))
}

async function bundleConsole() {
  const { outputFiles } = await build({
    entryPoints: {
      console: join(folder, 'main.tsx'),
      theme: join(folder, 'theme.ts'),
      style: join(folder, 'style.css'),
    },
    outdir: '/assets',
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfigRaw: {},
    plugins: [slim],
    logLevel: 'silent',
  })
  const assets = new Map<string, Asset>()
  for (const { path, contents } of outputFiles) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
    assets.set(name, { type, bytes: contents, brotli: await compress(contents) })
  }
  const pageOf = async (name: string) => fill(await readFile(join(folder, name), 'utf8'), [...assets.keys()])
  return { assets, page: await pageOf('page.html'), refused: await pageOf('refused.html') }
}

/** `{theme.js}` in the page stands for the file that was made of it. */
function fill(page: string, names: string[]) {
  return page.replaceAll(/\{(\w+)\.(\w+)\}/g, (_whole, name: string, ending: string) => {
    const found = names.find((one) => one.startsWith(`${name}-`) && one.endsWith(`.${ending}`))
    if (found === undefined) throw new Error(`console/page.html names ${name}.${ending}, which is not made.`)
    return `/assets/${found}`
  })
}
