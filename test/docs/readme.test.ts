import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import packageJson from '../../package.json' with { type: 'json' }

const house = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(house, path), 'utf8')
const docs = readdirSync(join(house, 'docs'), { recursive: true, encoding: 'utf8' })
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`),
]

/** As forges make the anchor of a heading. */
function anchorOf(heading: string) {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
}

const anchorsOf = (page: string) => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

test('each link of a page leads to a file and a heading that are there', () => {
  const broken: string[] = []
  let count = 0
  for (const page of pages) {
    const text = read(page).replaceAll(/^```[^]*?^```$/gm, '')
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      const isThere = existsSync(join(house, file)) && (anchor === undefined || anchorsOf(file).includes(anchor))
      if (!isThere) broken.push(`${page}: ${target}`)
      count++
    }
  }
  assert.deepEqual(broken, [])
  assert(count > 50, `${count} links were found`)
})

test('each script that a page names is in package.json', () => {
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script))
  assert(named.length > 10)
  assert.deepEqual(
    [...new Set(named)].filter((script) => !(script in packageJson.scripts)),
    [],
  )
})

test('the README names each package that the check of a change installs', () => {
  const script = read('.ci/run')
  const pairs = /^for pair in (.+); do$/m.exec(script)?.[1]?.split(' ') ?? []
  const others = /missing\+=\((nodejs.*)\)/.exec(script)?.[1]?.split(' ') ?? []
  const installed = [...pairs.map((pair) => pair.split(':')[1] ?? ''), ...others]
  assert(installed.includes('chromium') && installed.includes('nodejs'))
  const rows = [...read('README.md').matchAll(/^\| `([^`]+)` +\|/gm)].flatMap(([, names = '']) => names.split(' '))
  assert.deepEqual(rows.toSorted(), installed.toSorted())
})
