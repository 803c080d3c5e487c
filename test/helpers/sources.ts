import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Facts } from '../../protocol/facts.ts'
import type { ClusterView, NodeInput } from '../../server/compile/inputs.ts'
import { loadRevision } from '../../server/sources/revision.ts'

/** Writes the files into folders `recipes` and `roles`, which are there even when empty, and `types`. Gives them as `dirs`. */
export async function sourcesOf(t: TestContext, files: Record<string, string>) {
  const root = await mkdtemp(join(tmpdir(), 'trivet-sources-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const dirs = { recipes: join(root, 'recipes'), roles: join(root, 'roles'), types: join(root, 'types') }
  await Promise.all([dirs.recipes, dirs.roles].map((dir) => mkdir(dir)))
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  for (const [path, text] of Object.entries(files)) await write(path, text)
  return { root, dirs, write }
}

/** A recipe `web` with this body of `declare`, from line 5 on, and a role `web` that lists it. */
export function webRecipe(body: string, attributes = '') {
  const text = [
    "import { defineRecipe } from 'trivet/recipe'",
    "import { z } from 'zod'",
    `export default defineRecipe({ attributes: z.strictObject({ ${attributes} }),`,
    '  declare(context) { const { attributes, node, cluster, template, source, text, file, pkg, service, exec, directory } = context;',
    body,
    '}})',
  ].join('\n')
  const role = "import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['web'] })\n"
  return { 'recipes/web/web.ts': text, 'roles/web.ts': role }
}

/** The same, and what it declares no more is removed. */
export function cleaningRecipe(body: string) {
  const files = webRecipe(body)
  return {
    ...files,
    'recipes/web/web.ts': files['recipes/web/web.ts'].replace('defineRecipe({', "defineRecipe({ cleanup: 'remove',"),
  }
}

export async function revisionOf(t: TestContext, files: Record<string, string>) {
  const { dirs } = await sourcesOf(t, files)
  return loadRevision(dirs)
}

export function factsOf(name: string, address: string, os: Partial<Facts['os']> = {}): Facts {
  return {
    hostname: name,
    address,
    addresses: [address],
    os: { id: 'debian', version: '13', codename: 'trixie', ...os },
    kernel: '6.12.0',
    arch: 'amd64',
    cpus: 2,
    memoryMb: 2048,
    virtual: 'systemd-nspawn',
    machineId: '0123456789abcdef0123456789abcdef',
    agentVersion: '0.1.0',
  }
}

export const bookworm = { version: '12', codename: 'bookworm' }

/** `n1` has 10.0.0.1. */
export function nodeOf(name: string, roles: string[], more: Partial<NodeInput> = {}): NodeInput {
  return {
    name,
    cluster: 'default',
    roles,
    facts: factsOf(name, addressOf(name)),
    attributes: {},
    clusterAttributes: {},
    ...more,
  }
}

/** A cluster in which the first node of a role has ordinal 1 in it, unless `ordinals` says otherwise. */
export function clusterOf(nodes: NodeInput[], ordinals: Record<string, number> = {}): ClusterView {
  const withRole = (role: string) => nodes.filter(({ roles, facts }) => facts && roles.includes(role))
  const ordinal = (name: string, role: string) => {
    const at = nodes.filter(({ roles }) => roles.includes(role)).findIndex((node) => node.name === name)
    return at < 0 ? null : (ordinals[name] ?? at + 1)
  }
  return {
    ordinal,
    withRole: (role) =>
      withRole(role).flatMap(({ name, roles, facts }) =>
        facts ? [{ name, address: facts.address, roles, facts, ordinal: ordinal(name, role) }] : [],
      ),
  }
}

function addressOf(name: string) {
  return `10.0.0.${/\d+$/.exec(name)?.[0] ?? '9'}`
}
