import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { api } from '../../protocol/api.ts'
import { noBrowser } from '../helpers/browser.ts'
import { assertAccessible, openConsole, signIn } from '../helpers/console.ts'
import * as fleet from '../helpers/lively-fleet.ts'
import { enrol } from '../helpers/fake-agent.ts'
import { serve } from '../helpers/test-server.ts'
import { until } from '../helpers/until.ts'

/** Goes there by the page itself, as a link does. */
async function goTo(page: Page, path: string) {
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
  )
}

describe('pages', { skip: noBrowser }, () => {
  test('nodes are filtered, sorted, selected by key and given a role', async (t) => {
    const served = await serve(t)
    for (const name of ['db-1', 'web-1', 'web-2']) await fleet.joinNode(served, name, [])
    const page = await openConsole(t, `${served.url}/nodes`)
    await signIn(page, served.token)
    await page.getByRole('link', { name: 'db-1' }).waitFor()
    await page.getByLabel('Name, address or reason').fill('WEB')
    await page.waitForURL('**/nodes?q=WEB')
    await page.getByRole('link', { name: 'db-1' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Node', exact: true }).click()
    await page.waitForURL('**/nodes?q=WEB&sort=-name')
    await page.getByRole('button', { name: 'Node', exact: true }).blur()
    for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key)
    const bulk = page.getByRole('region', { name: 'Selected nodes' })
    await bulk.getByText('2 nodes selected').waitFor()
    await assertAccessible(page, 'nodes')
    await bulk.getByRole('button', { name: 'Assign…', exact: true }).click()
    await page.getByRole('dialog').getByLabel('word').check()
    await assertAccessible(page, 'assign')
    await page.getByRole('dialog').getByRole('button', { name: 'Assign' }).click()
    await page.getByText('2 nodes: word assigned.').waitFor()
    const nodes = await served.client.list(api.listNodes, {})
    assert.deepEqual(
      nodes.map(({ name, roles }) => `${name} ${roles.join()}`),
      ['db-1 ', 'web-1 word', 'web-2 word'],
    )
  })

  test('nodes come in pages, and are selected on all of them', async (t) => {
    const served = await serve(t)
    const token = await served.joinToken({ uses: 52 })
    for (let n = 1; n <= 52; n++) await enrol(served.place, token, `n-${String(n).padStart(2, '0')}`)
    const page = await openConsole(t, `${served.url}/nodes?sort=-name`)
    await signIn(page, served.token)
    await page.getByText('1–50 of 52').waitFor()
    await page.getByLabel('Select n-52').check()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.waitForURL('**/nodes?sort=-name&page=2')
    await page.getByRole('link', { name: 'n-01' }).waitFor()
    await page.getByText('51–52 of 52').waitFor()
    await page.getByRole('button', { name: 'Select all 52' }).click()
    await page.getByText('52 nodes selected').waitFor()
    await page.getByRole('link', { name: /^Converged/ }).click()
    await page.getByText('No such nodes').waitFor()
    await page.getByRole('link', { name: /^Offline/ }).click()
    await page.waitForURL('**/nodes?sort=-name&is=offline')
    await page.getByText('1–50 of 52').waitFor()
  })

  test('two nodes are compared, from the page of one and from two that are selected', async (t) => {
    const served = await serve(t)
    await fleet.joinNode(served, 'web-1')
    await fleet.joinNode(served, 'web-2')
    await fleet.joinNode(served, 'db-1', [])
    await served.client.call(api.setAttribute, { scope: 'nodes', name: 'web-2', key: 'word.word', value: 'hi' })
    const page = await openConsole(t, `${served.url}/nodes/web-1`)
    await signIn(page, served.token)
    await page.getByRole('link', { name: 'Compare…' }).click()
    await page.getByRole('table', { name: 'Nodes to compare with' }).getByRole('link', { name: 'db-1' }).waitFor()
    await assertAccessible(page, 'whom to compare with')
    await page.getByLabel('Name, address or reason').fill('web')
    await page.getByRole('link', { name: 'db-1' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'web-2' }).click()
    await page.waitForURL('**/nodes/web-1/compare?with=web-2')
    const set = page.getByRole('table', { name: 'What is set for them' })
    await set.getByRole('row', { name: 'word.word' }).getByText('hi').waitFor()
    await page.getByRole('table', { name: 'What they should be' }).getByRole('row').nth(1).waitFor()
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      await assertAccessible(page, `two nodes, ${colorScheme}`)
    }
    await goTo(page, '/nodes')
    for (const name of ['db-1', 'web-1']) await page.getByLabel(`Select ${name}`).check()
    await page.getByRole('region', { name: 'Selected nodes' }).getByRole('link', { name: 'Compare' }).click()
    await page.waitForURL('**/nodes/db-1/compare?with=web-1')
    await page.getByText('has it', { exact: true }).first().waitFor()
  })

  test('search asks the server for the nodes that match, and Enter waits for what it says', async (t) => {
    const served = await serve(t)
    for (const name of ['db-1', 'web-1', 'web-2']) await fleet.joinNode(served, name, [])
    const page = await openConsole(t, served.url)
    await signIn(page, served.token)
    await page.getByRole('heading', { name: 'Fleet' }).waitFor()
    const asked: string[] = []
    const held: Array<() => void> = []
    await page.route('**/api/nodes?*', (route) => {
      asked.push(new URL(route.request().url()).searchParams.get('text') ?? '')
      held.push(() => void route.continue())
    })
    await page.keyboard.press('/')
    await page.getByRole('combobox').pressSequentially('web-2')
    await page.keyboard.press('Enter')
    await until('the server was asked', () => asked.at(-1) === 'web-2')
    assert.equal(new URL(page.url()).pathname, '/')
    for (const go of held) go()
    await page.waitForURL('**/nodes/web-2')
    assert(asked.length < 'web-2'.length, `asked for ${asked.join()}: letter by letter`)
  })

  test('a role is given to many nodes; one that is gone by then is told, and keeps no other from it', async (t) => {
    const served = await serve(t)
    for (const name of ['db-1', 'web-1', 'web-2']) await fleet.joinNode(served, name, [])
    const page = await openConsole(t, `${served.url}/roles/word`)
    await signIn(page, served.token)
    await page.getByRole('button', { name: 'Assign to nodes…' }).click()
    const dialog = page.getByRole('dialog')
    for (const name of ['db-1', 'web-1', 'web-2']) await dialog.getByLabel(name).check()
    await assertAccessible(page, 'assign to nodes')
    await served.client.call(api.archiveNode, { node: 'db-1' })
    await dialog.getByRole('button', { name: 'Assign', exact: true }).click()
    await dialog.getByText('db-1: ').first().waitFor()
    const nodes = await served.client.list(api.listNodes, { role: 'word' })
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ['web-1', 'web-2'],
    )
  })

  test('an order is watched live, its run shown with its differences, and compared with another', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    const before = await fleet.runOn(agent, fleet.failedRun, [fleet.broken, fleet.skipped])
    const page = await openConsole(t, `${served.url}/nodes/web-1`)
    await signIn(page, served.token)
    await page.getByText('Address already in use').waitFor()
    await page.getByRole('button', { name: 'Converge' }).click()
    await page.waitForURL('**/orders/*')
    const { id: order } = await agent.next('order')
    const run = randomUUID()
    agent.send({ type: 'delivered', order })
    agent.send({ type: 'started', run, orders: [order], mode: 'converge', resources: 4 })
    agent.send({ type: 'progress', run, unchanged: 1, events: [fleet.edited] })
    await page.getByText('server web-2 10.0.0.2:8080 check inter 2s').waitFor()
    await page.getByText('2/4').waitFor()
    await assertAccessible(page, 'order')
    const events = [fleet.edited, fleet.restarted, fleet.drifted, fleet.deferred]
    await fleet.runOn(agent, { ...fleet.changedRun, id: run, orders: [order], trigger: 'order' }, events)
    await page.getByRole('link', { name: 'The whole run' }).click()
    await page.waitForURL(`**/runs/${run}`)
    await page.getByText('by admin').waitFor()
    await page.getByText('61 resources unchanged').waitFor()
    await page.getByText('lease mesos-masters is held by lab-2').waitFor()
    await assertAccessible(page, 'run')
    await goTo(page, `/runs/${run}?with=${before}`)
    await page.getByRole('heading', { name: 'Two runs' }).waitFor()
    await page.getByText('unchanged, or not in the catalog').first().waitFor()
    await assertAccessible(page, 'compared runs')
  })

  test('the fleet tells what failed last, also when no node is failed any more', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    await fleet.runOn(agent, fleet.failedRun, [fleet.broken, fleet.skipped])
    const page = await openConsole(t, served.url)
    await signIn(page, served.token)
    const row = page.getByRole('table', { name: 'What failed last' }).getByRole('row', { name: 'service[zookeeper]' })
    await row.getByText('still').waitFor()
    await fleet.runOn(agent, fleet.changedRun)
    await page.getByText('No node is failed now.').waitFor()
    await row.getByText('Address already in use').waitFor()
    assert.equal(await row.getByText('still').count(), 0)
    await assertAccessible(page, 'fleet')
  })

  test('who writes to a node that somebody else wrote to meanwhile is told, and chooses whose it is', async (t) => {
    const served = await serve(t)
    await fleet.joinNode(served, 'web-1')
    const word = { scope: 'nodes', name: 'web-1', key: 'word.word' } as const
    const now = async () => (await served.client.call(api.readNode, { node: 'web-1' })).attributes['word.word']
    const page = await openConsole(t, `${served.url}/nodes/web-1?tab=attributes`)
    await signIn(page, served.token)
    const field = page.getByLabel('Set it for this node')
    const both = page.getByRole('alert', { name: 'Somebody wrote to web-1 meanwhile' })
    await field.fill('mine')
    await served.client.call(api.setAttribute, { ...word, value: 'theirs' })
    await page.getByText('theirs', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await both.getByText('word.word = theirs, by admin').waitFor()
    await both.getByText('word.word = mine').waitFor()
    await assertAccessible(page, 'both sides')
    assert.equal(await now(), 'theirs')
    await both.getByRole('button', { name: 'Write mine anyway' }).click()
    await both.waitFor({ state: 'detached' })
    assert.equal(await now(), 'mine')
    for (const text of ['one', 'two']) {
      await field.fill(text)
      await page.getByRole('button', { name: 'Set', exact: true }).click()
      await page.locator('.wins').getByText(text, { exact: true }).waitFor()
    }
    await page.getByRole('button', { name: 'Assign…', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('pair').check()
    await served.client.call(api.unassignRoles, { node: 'web-1', roles: ['word'] })
    await dialog.getByRole('button', { name: 'Assign', exact: true }).click()
    await both.getByText('admin unassign web-1').waitFor()
    await both.getByText('roles: none').waitFor()
    await both.getByRole('button', { name: 'Take theirs' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.deepEqual((await served.client.call(api.readNode, { node: 'web-1' })).roles, [])
  })

  test('what a revision changed is shown line by line, and which nodes are not on it yet', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    await fleet.joinNode(served, 'db-1', [])
    const { digest } = await served.client.call(api.readCatalog, { node: 'web-1' })
    await fleet.runOn(agent, { catalog: digest })
    const page = await openConsole(t, `${served.url}/roles`)
    await signIn(page, served.token)
    await page.getByText('There was none before it').waitFor()
    const behind = page.getByRole('region', { name: 'Nodes that are behind' })
    await behind.getByText('Each has converged').waitFor()
    const recipe = join(served.dir, 'recipes/word/word.ts')
    await writeFile(recipe, (await readFile(recipe, 'utf8')).replace("'hello'", "'good morning'"))
    await behind.getByRole('link', { name: 'web-1' }).waitFor()
    await page.reload()
    await page.getByText('recipes/word/word.ts', { exact: true }).click()
    await page.getByText("+  attributes: z.object({ word: z.string().default('good morning') }),").waitFor()
    await assertAccessible(page, 'roles and recipes')
    await goTo(page, '/nodes?is=behind')
    await page.getByRole('link', { name: 'web-1' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'db-1' }).count(), 0)
  })

  test('who presses twice, or again when no answer came, gives one order', async (t) => {
    const served = await serve(t)
    for (const name of ['web-1', 'web-2']) await fleet.joinNode(served, name)
    const page = await openConsole(t, `${served.url}/nodes/web-1`)
    await signIn(page, served.token)
    // Before the page has time to say that it is busy.
    await page.getByRole('button', { name: 'Converge' }).waitFor()
    await page.evaluate(`(() => {
      const button = [...document.querySelectorAll('button')].find((one) => one.textContent === 'Converge')
      button.click()
      button.click()
    })()`)
    await page.waitForURL('**/orders/*')
    const count = async () => (await served.client.list(api.listOrders, {})).length
    assert.equal(await count(), 1)
    await goTo(page, '/')
    await page.getByRole('button', { name: 'Converge' }).click()
    await page.route('**/api/orders', async (route) => {
      await route.fetch()
      await route.abort()
      await page.unroute('**/api/orders')
    })
    const dialog = page.getByRole('dialog', { name: 'Converge' })
    await dialog.getByRole('button', { name: 'Converge' }).click()
    await page.getByText('The server does not answer').waitFor()
    assert.equal(await count(), 2)
    await dialog.getByRole('button', { name: 'Converge' }).click()
    await page.waitForURL('**/orders/*')
    assert.equal(await count(), 2)
  })

  test('an order is cancelled, and one that did not converge is given again', async (t) => {
    const served = await serve(t)
    await fleet.joinNode(served, 'web-1')
    const { id } = await served.client.call(api.createOrder, { nodes: ['web-1'] })
    const page = await openConsole(t, `${served.url}/orders/${id}`)
    await signIn(page, served.token)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Cancelled for every node').waitFor()
    await page.getByRole('button', { name: /^Again on 1/ }).click()
    await page.waitForURL((url) => url.pathname.startsWith('/orders/') && !url.pathname.endsWith(id))
  })
})
