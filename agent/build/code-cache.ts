import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Catalog, sha256 } from '../../protocol/catalog.ts'
import { resourceTypes } from '../../resources/index.ts'
import { Parts } from '../parts.ts'
import { stateIn } from '../kept/state.ts'

/**
 * Has the agent of these parts converge a folder of its own, and write down what V8 compiled for it, beside them: a function that is in the cache need
 * not be compiled at a cold start. The first run is made by the whole agent, the second, in which nothing differs, by the quick program.
 * `node` is the very Node.js that will run them: no other one's V8 takes the caches.
 */
export function makeCodeCaches(node: string, bundled: string, version: string) {
  const folder = mkdtempSync(join(tmpdir(), 'trivet-cache-'))
  try {
    const dir = join(folder, 'state')
    const state = stateIn(dir)
    const identity = { url: 'https://192.0.2.1:1', ca: '', caSha256: '', node: 'cache', id: 'cache' }
    state.writeIdentity(identity)
    const content = Buffer.from('to be compiled for\n')
    const parts = new Parts(state, resourceTypes, version)
    parts.blobs.write(sha256(content), content)
    parts.catalog.write(catalogOn(join(folder, 'made'), content))
    mkdirSync(join(folder, 'made'))
    writeFileSync(join(folder, 'made', 'file'), 'not yet')
    for (const verb of ['plan', 'converge', 'converge']) {
      const argv = [join(bundled, 'keep-cache.cjs'), verb, '--offline', '--state', dir]
      execFileSync(node, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function catalogOn(folder: string, content: Buffer): Catalog {
  const common = { recipe: 'cache', declaredAt: 'cache', notifies: [] }
  const props = { content: { sha256: sha256(content), bytes: content.length }, mode: '0644', owner: 'root' }
  return {
    node: 'cache',
    resources: [
      { ...common, type: 'directory', name: join(folder, 'below'), props: {} },
      { ...common, type: 'file', name: join(folder, 'file'), props: { content: props.content } },
      {
        ...common,
        type: 'file',
        name: join(folder, 'below', 'file'),
        props: { ...props, owner: String(process.getuid?.()) },
      },
      { ...common, type: 'link', name: join(folder, 'link'), props: { target: 'file' } },
    ],
  }
}
