import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { api } from '../../protocol/api.ts'
import { noBrowser } from '../helpers/browser.ts'
import { assertAccessible, openConsole } from '../helpers/console.ts'
import { identityProvider } from '../helpers/identity-provider.ts'
import { joinNode } from '../helpers/lively-fleet.ts'
import { serve } from '../helpers/test-server.ts'

/** A server whose console people enter by a real identity provider, and Vera, who may look. */
async function withProvider(t: TestContext) {
  const port = await freePort()
  const provider = await identityProvider(t, `https://127.0.0.1:${port}`)
  const served = await serve(t, { port, signIn: provider.settings })
  const vera = { name: 'vera', access: 'viewer', clusters: 'all', login: 'vera@example.com' } as const
  await served.client.call(api.createUser, vera)
  return { served, provider }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

describe('signing in by an identity provider', { skip: noBrowser }, () => {
  test('a viewer comes to the page that was asked for, sees it, and can change nothing there', async (t) => {
    const { served, provider } = await withProvider(t)
    await joinNode(served, 'web-1')
    provider.is.account = { sub: 'v-1', email: 'vera@example.com', email_verified: true }
    const page = await openConsole(t, `${served.url}/nodes?q=web`)
    await page.getByRole('link', { name: 'Sign in by Example' }).waitFor()
    await assertAccessible(page, 'sign-in with an identity provider')
    await page.getByRole('link', { name: 'Sign in by Example' }).click()
    await page.waitForURL(`${served.url}/nodes?q=web`)
    await page.getByText('vera viewer').waitFor()
    await page.getByRole('link', { name: 'web-1' }).click()
    await page.getByRole('heading', { level: 2, name: 'Last run' }).waitFor()
    for (const name of ['Converge', 'Plan', 'Assign…'])
      await page.getByRole('button', { name }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in by Example' }).waitFor()
  })

  test('whom nobody knows is told so on a page of its own, in both themes, with the way back', async (t) => {
    const { served, provider } = await withProvider(t)
    provider.is.account = { sub: 's-1', email: 'stranger@example.com', email_verified: true }
    const page = await openConsole(t, `${served.url}/audit`)
    await page.getByRole('link', { name: 'Sign in by Example' }).click()
    await page.getByRole('heading', { name: 'Not signed in' }).waitFor()
    await page.getByText('No user of this server has the login stranger@example.com.').waitFor()
    await page.getByText('unknown-login').waitFor()
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      await assertAccessible(page, `refused, ${colorScheme}`)
    }
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await page.getByLabel('API token').waitFor()
  })
})
