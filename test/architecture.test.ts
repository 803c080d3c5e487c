import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

/**
 * Which folder may import what: folders, files and packages. Data flows one way; nothing here points back. `main.ts` files
 * join the parts and may import anything; so may tests, benches and docs.
 */
const mayImport: Record<string, { parts: string[]; packages: 'any' | string[] }> = {
  protocol: { parts: [], packages: ['zod'] },
  resources: { parts: ['protocol'], packages: 'any' },
  agent: { parts: ['protocol', 'resources', 'packaging', 'cli/command.ts', 'cli/notify.ts'], packages: 'any' },
  packaging: { parts: ['cli/command.ts', 'protocol/errors.ts'], packages: 'any' },
  bridge: { parts: ['protocol'], packages: ['zod'] },
  server: { parts: ['protocol', 'resources', 'cli/command.ts', 'cli/log.ts', 'cli/notify.ts'], packages: 'any' },
  cli: { parts: ['protocol'], packages: ['zod', 'ora', 'pino'] },
  console: { parts: ['protocol'], packages: ['preact', 'preact/hooks', 'zod'] },
  lab: { parts: ['protocol', 'cli/command.ts'], packages: 'any' },
  launcher: { parts: ['protocol', 'lab', 'cli'], packages: 'any' },
  recipes: { parts: [], packages: ['trivet/recipe', 'zod'] },
  roles: { parts: [], packages: ['trivet/role'] },
}

/** No part of the house: what stands around it. */
const free = ['test', 'bench', 'docs', 'bin', 'node_modules', 'dist']

test('every import follows the allowed direction', () => {
  const wrong = Object.keys(mayImport)
    .flatMap(filesOf)
    .flatMap((from) => importsOf(from, readFileSync(join(root, from), 'utf8')))
    .filter((one) => !isAllowed(one))
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  )
})

test('every folder with code has its directions written down', () => {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !free.includes(entry.name))
    .map(({ name }) => name)
    .filter((name) => filesOf(name).length > 0)
  assert.deepEqual(
    folders.filter((name) => !(name in mayImport)),
    [],
  )
})

test('an import against the direction is found, however it is written', () => {
  const source = `
import { a } from '../agent/runs/converge.ts'
import type { B } from '../server/store/store.ts'
import '../lab/lab.ts'
export * from '../cli/output.ts'
import {
  c,
} from 'fastify'
const d = await import('../resources/index.ts')
import { z } from 'zod'
import { e } from 'node:fs'
import { f } from './catalog.ts'
`
  assert.deepEqual(
    importsOf('protocol/wrong.ts', source)
      .filter((one) => !isAllowed(one))
      .map(({ to }) => to)
      .toSorted(),
    ['agent/runs/converge.ts', 'cli/output.ts', 'fastify', 'lab/lab.ts', 'resources/index.ts', 'server/store/store.ts'],
  )
  assert(isAllowed({ from: 'agent/commands/join.ts', to: 'cli/command.ts' }))
  assert(!isAllowed({ from: 'agent/commands/join.ts', to: 'cli/program.ts' }))
  assert(isAllowed({ from: 'agent/main.ts', to: 'cli/program.ts' }))
  assert(!isAllowed({ from: 'recipes/web/web.ts', to: 'node:fs' }))
})

interface Import {
  from: string
  /** A path from the root, or a package. */
  to: string
}

function isAllowed({ from, to }: Import) {
  const part = top(from)
  const allowed = mayImport[part]
  if (!allowed || from.endsWith(`${sep}main.ts`)) return true
  if (to.startsWith('node:')) return part !== 'recipes' && part !== 'roles'
  if (to === 'package.json') return true
  if (!/\.(tsx?|json)$/.test(to)) return allowed.packages === 'any' || allowed.packages.includes(to)
  return top(to) === part || allowed.parts.some((one) => to === one || top(to) === one)
}

function importsOf(from: string, source: string): Import[] {
  const statements = /^(?:import|export)\s(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
  return [...source.matchAll(statements)].map(([, fixed, dynamic]) => {
    const to = fixed ?? dynamic ?? ''
    return { from, to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to }
  })
}

function filesOf(folder: string) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name))
}

function top(path: string) {
  return path.split(sep)[0] ?? path
}

/** What `host.files` is made of, and what is too large to go through memory; their types give a plan `effects`, and write nothing in one. */
const mayTouchFiles =
  /^resources\/(files\/(files|ownership|write-atomically|download|large-hashes)|archives\/\w+|archive)\.ts$/

test('resource types reach files through the host alone, so that a plan can try them out', () => {
  const wrong = filesOf('resources')
    .flatMap((from) => importsOf(from, readFileSync(join(root, from), 'utf8')))
    .filter(({ from, to }) => to.startsWith('node:fs') && !mayTouchFiles.test(from))
  assert.deepEqual(wrong, [])
})
