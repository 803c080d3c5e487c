import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { z } from 'zod'
import { sessionHeader } from '../../protocol/api/session.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import type { Fleet } from '../../lab/fleet.ts'
import { noBrowser } from '../helpers/browser.ts'
import { assertAccessible, openConsole, signIn } from '../helpers/console.ts'
import { fleetOfSuite, onNode, roleOf, sourcesOf } from '../helpers/fleet.ts'

const site = ['server {', '  listen 8080;', '  root /srv/www;', '  index index.html;', '}']

const web = `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'A site, and its index, which is made on the node.',
  attributes: z.object({ port: z.int().min(1).max(65535).default(8080), root: z.string().default('/srv/www') }),
  declare({ attributes: { port, root }, directory, file, exec }) {
    for (const name of [root, root + '/assets', '/etc/web']) directory(name, {})
    const lines = ['server {', '  listen ' + port + ';', '  root ' + root + ';', '  index index.html;', '}']
    file('/etc/web/site.conf', { content: lines.join('\\n') + '\\n', mode: '0644' })
    file('/usr/local/bin/index-site', { content: '#!/bin/sh\\nsleep 5\\ntouch ' + root + '/index.html\\n', mode: '0755' })
    exec('index-site', { argv: ['/usr/local/bin/index-site'], creates: root + '/index.html' })
  },
})
`

const sources = sourcesOf({
  'recipes/web/web.ts': web,
  'roles/web.ts': `import { defineRole } from 'trivet/role'
export default defineRole({ description: 'Serves the site.', recipes: ['web'] })
`,
  ...roleOf(
    'backup',
    `file('/etc/backup.conf', { content: 'keep 7\\n' })
exec('backup', { argv: ['sleep', '60'], creates: '/srv/never' })`,
  ),
  ...roleOf('legacy', `exec('legacy', { argv: ['cat', '/etc/legacy.conf'], creates: '/etc/legacy.done' })`),
})

const images = join(import.meta.dirname, '..', '..', 'docs', 'images')
/** `IMAGES=write` makes the pictures of README and docs anew. */
const isWriting = process.env.IMAGES === 'write'
const inDarkToo = ['fleet', 'run']
const largestImage = 200_000

/** The page as it is, in both themes: looked over by axe, and kept as a picture if that was asked for. */
async function lookOver(page: Page, name: string) {
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await assertAccessible(page, `${name}, ${theme}`)
    if (isWriting && (theme === 'light' || inDarkToo.includes(name)))
      await write(page, `console-${name}${theme === 'dark' ? '-dark' : ''}.png`)
  }
}

async function write(page: Page, file: string) {
  mkdirSync(images, { recursive: true })
  const { length } = await page.screenshot({ path: join(images, file) })
  assert(length < largestImage, `docs/images/${file} has ${length} bytes: too many for who reads the docs over a phone`)
}

async function follow(page: Page, name: string) {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
}

describe('the console over two real nodes', { skip: whyNoLab() ?? noBrowser }, () => {
  const fleetUp = fleetOfSuite({ count: 2, ...sources })
  let fleet: Fleet
  let token: string
  let names: string[]

  before(() => {
    fleet = fleetUp()
    token = tokenIn(readFileSync(fleet.config, 'utf8'))
    names = fleet.lab.nodes.map(({ name }) => name)
  })

  test('sign in, assign a role, converge, watch it live, find the difference, and find it again in history', async (t) => {
    const page = await openConsole(t, fleet.url)
    await lookOver(page, 'sign-in')
    await signIn(page, token)
    await follow(page, 'Nodes')
    for (const name of names) await page.getByLabel(`Select ${name}`).check()
    const bulk = page.getByRole('region', { name: 'Selected nodes' })
    await bulk.getByRole('button', { name: 'Assign…', exact: true }).click()
    await page.getByRole('dialog').getByLabel('web').check()
    await page.getByRole('dialog').getByRole('button', { name: 'Assign' }).click()
    await page.getByText('2 nodes: web assigned.').waitFor()
    // Their catalog is another one now, so they converge to it by themselves.
    for (const name of names) await page.getByRole('row', { name }).getByText('changed').waitFor({ timeout: 180_000 })
    await lookOver(page, 'nodes')

    for (const node of fleet.lab.nodes) {
      await onNode(node, 'rm', '/srv/www/index.html')
      await node.write('/etc/web/site.conf', `${site.join('\n').replace('8080', '80')}\n`)
    }
    await bulk.getByRole('button', { name: 'Converge' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Converge' }).click()
    await page.waitForURL('**/orders/*')
    await page.getByText('+  listen 8080;').waitFor({ timeout: 120_000 })
    await lookOver(page, 'order')
    await page.getByText('2 converged').waitFor({ timeout: 120_000 })
    assert.equal(await onNode(fleet.lab.nodes[0] ?? assert.fail(), 'cat', '/etc/web/site.conf'), site.join('\n'))
    await page.getByRole('link', { name: 'The whole run' }).click()
    await page.getByText('+  listen 8080;').waitFor()
    await page.getByText('by an order').waitFor()
    await page.getByText('-  listen 80;').waitFor()
    await lookOver(page, 'run')

    await follow(page, 'History')
    await page.getByRole('table', { name: 'Runs', exact: true }).waitFor()
    await lookOver(page, 'history')
    await page.getByRole('table', { name: 'Runs', exact: true }).getByRole('link', { name: 'ago' }).first().click()
    await page.waitForURL('**/runs/*')
  })

  test('every page is there, and accessible in both themes', async (t) => {
    await fleet.mustTrivet('node', 'assign', names[1] ?? '', 'legacy')
    await fleet.trivet('converge', names[1] ?? '', '--wait')
    await fleet.mustTrivet('node', 'set', names[0] ?? '', 'web.port', '8081')
    sources.write('recipes/web/web.ts', web.replace('sleep 5', 'sleep 4'))
    await fleet.mustTrivet('recipe', 'check')
    await fleet.mustTrivet('node', 'wait', names[0] ?? '', '--for', '3m')
    const page = await openConsole(t, fleet.url)
    await signIn(page, token)
    await page.getByText('exec[legacy]').waitFor()
    for (const [link, name] of [
      ['Fleet', 'fleet'],
      ['Orders', 'orders'],
      ['Roles and recipes', 'roles'],
      ['Leases', 'leases'],
      ['Audit', 'audit'],
      ['Tokens and users', 'tokens'],
    ] as const) {
      await follow(page, link)
      await page.getByRole('heading', { level: 1, name: link }).waitFor()
      await page.getByText('Loading…').first().waitFor({ state: 'detached' })
      await lookOver(page, name)
    }
    await page.goto(`${fleet.url}/nodes/${names[0]}`)
    for (const [tab, name] of [
      ['Overview', 'node'],
      ['Attributes', 'node-attributes'],
      ['Catalog', 'node-catalog'],
      ['Runs', 'node-runs'],
      ['Timeline', 'node-timeline'],
    ] as const) {
      await page.getByRole('navigation', { name: 'About this node' }).getByRole('link', { name: tab }).click()
      await page.getByText('Loading…').first().waitFor({ state: 'detached' })
      await lookOver(page, name)
    }
    await page.goto(`${fleet.url}/nodes/${names[0]}/compare?with=${names[1]}`)
    await page.getByRole('table', { name: 'What they should be' }).waitFor()
    await lookOver(page, 'compare-nodes')
    for (const [path, name] of [
      ['roles/web', 'role'],
      ['recipes/web', 'recipe'],
    ] as const) {
      await page.goto(`${fleet.url}/${path}`)
      await page.getByRole('heading', { level: 1, name: 'web' }).waitFor()
      await page.getByText('Loading…').first().waitFor({ state: 'detached' })
      await lookOver(page, name)
    }
    await page.goto(`${fleet.url}/roles`)
    await page.getByText('recipes/web/web.ts', { exact: true }).click()
    await page.getByText('sleep 4').first().waitFor()
    await lookOver(page, 'revision')
    await page.goto(`${fleet.url}/history?node=${names[1]}&outcome=failed`)
    await page.getByRole('table', { name: 'Runs', exact: true }).getByRole('link', { name: 'ago' }).first().click()
    await page
      .getByRole('link', { name: /^run [0-9a-f]{8}/ })
      .last()
      .click()
    await page.getByRole('heading', { name: 'Two runs' }).waitFor()
    await page.getByRole('link', { name: 'Leave the comparison' }).waitFor()
    await lookOver(page, 'compare-runs')
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(fleet.url)
    await page.getByRole('heading', { name: 'Fleet' }).waitFor()
    await lookOver(page, 'phone')
  })

  test('an order is cancelled while it is under way', async (t) => {
    await fleet.mustTrivet('node', 'unassign', names[1] ?? '', 'legacy')
    await fleet.mustTrivet('node', 'assign', names[1] ?? '', 'backup')
    const page = await openConsole(t, `${fleet.url}/nodes/${names[1]}`)
    await signIn(page, token)
    // It converges to its new catalog by itself.
    await page.getByText('file[/etc/backup.conf]').waitFor()
    await page.getByRole('link', { name: 'Watch it' }).click()
    await page.getByText('What became of its resources so far').waitFor()
    await lookOver(page, 'run-under-way')
    await page.goto(`${fleet.url}/nodes/${names[1]}`)
    await page.getByRole('button', { name: 'Converge' }).click()
    await page.waitForURL('**/orders/*')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('1 cancelled').waitFor()
    await page.getByRole('button', { name: /^Again on 1/ }).waitFor()
  })

  test('a viewer sees it all, and is refused what would change something', async (t) => {
    await fleet.mustTrivet('user', 'create', 'vera', '--access', 'viewer')
    const made = await fleet.mustTrivet('api-token', 'create', 'console', '--user', 'vera', '--json')
    const page = await openConsole(t, `${fleet.url}/nodes/${names[0]}`)
    await signIn(page, z.object({ token: z.string() }).parse(JSON.parse(made)).token)
    await page.getByText('vera viewer').waitFor()
    await page.getByRole('heading', { level: 2, name: 'Last run' }).waitFor()
    for (const name of ['Converge', 'Plan', 'Assign…', 'Disable…'])
      assert.equal(await page.getByRole('button', { name }).count(), 0, `a viewer has a button ${name}`)
    await lookOver(page, 'viewer')
    await page.goto(`${fleet.url}/audit`)
    await page.getByRole('alert').getByText('vera is viewer; this needs admin').waitFor()
    // That a button is away keeps nobody from asking.
    const asked = `fetch('/api/orders', { method: 'POST', body: '{"all":true}', headers: {
      'content-type': 'application/json', '${sessionHeader}': '1' } })
      .then((response) => response.status)`
    assert.equal(await page.evaluate(asked), 403)
  })
})

function tokenIn(config: string) {
  const found = /[a-z0-9]{8,32}\.[\w-]{32,64}\.[0-9a-f]{64}/.exec(config)?.[0]
  assert(found, 'the login file has no token')
  return found
}
