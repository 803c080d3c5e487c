import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { noBrowser } from '../helpers/browser.ts'
import { assertAccessible, openConsole, signIn } from '../helpers/console.ts'
import { joinNode } from '../helpers/lively-fleet.ts'
import { serve } from '../helpers/test-server.ts'

describe('who may do what', { skip: noBrowser }, () => {
  test('an admin makes a user and an API token, with which that user may see and not change', async (t) => {
    const served = await serve(t)
    await joinNode(served, 'web-1')
    const page = await openConsole(t, `${served.url}/tokens`)
    await signIn(page, served.token)
    await page.getByRole('button', { name: 'New user' }).click()
    await page.getByLabel('Name', { exact: true }).fill('vera')
    await assertAccessible(page, 'new user')
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('table', { name: 'Users' }).getByRole('row', { name: 'vera' }).waitFor()
    await page.getByRole('button', { name: 'New API token' }).click()
    await page.getByLabel('Name').fill('laptop')
    await page.getByLabel('User', { exact: true }).fill('vera')
    await page.getByRole('button', { name: 'Make it' }).click()
    const shown = await page.getByText(/^trivet login /).textContent()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('table', { name: 'API tokens' }).getByRole('row', { name: 'laptop' }).waitFor()
    await assertAccessible(page, 'tokens')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await signIn(page, shown?.replace('trivet login ', '') ?? '')
    await page.getByText('vera viewer').waitFor()
    await page.getByRole('table', { name: 'API tokens' }).getByText('this one').waitFor()
    assert.equal(await page.getByRole('heading', { name: 'Users', exact: true }).count(), 0)
    await page.getByRole('link', { name: 'Nodes' }).click()
    await page.getByRole('link', { name: 'web-1' }).waitFor()
    assert.equal(await page.getByLabel('Select web-1').count(), 0)
  })

  test('a token is revoked only by a second press, and lets nobody in then', async (t) => {
    const served = await serve(t)
    const { token } = await served.client.call(api.createApiToken, { name: 'old' })
    const page = await openConsole(t, `${served.url}/tokens`)
    await signIn(page, served.token)
    const row = page.getByRole('table', { name: 'API tokens' }).getByRole('row', { name: 'old' })
    await row.getByRole('button', { name: 'Revoke' }).click()
    await row.getByRole('button', { name: 'Really Revoke?' }).click()
    await row.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
  })

  test('the audit is searched by the server, and tells from where a write came', async (t) => {
    const served = await serve(t)
    await joinNode(served, 'web-1', [])
    await served.client.call(api.assignRoles, { node: 'web-1', roles: ['word'] })
    const page = await openConsole(t, `${served.url}/audit`)
    await signIn(page, served.token)
    await page.getByLabel('What: assign').fill('assign')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/audit?action=assign')
    await page.getByText('create-token').waitFor({ state: 'detached' })
    await page.getByText('web-1').click()
    await page.getByText('from 127.0.0.1').waitFor()
    await assertAccessible(page, 'audit')
  })
})
