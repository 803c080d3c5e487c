import assert from 'node:assert/strict'
import { request } from 'node:https'
import { describe, test } from 'node:test'
import { serverName } from '../../protocol/enrolment.ts'
import { noBrowser } from '../helpers/browser.ts'
import { assertAccessible, openConsole, signIn } from '../helpers/console.ts'
import { joinNode } from '../helpers/lively-fleet.ts'
import { type Served, serve } from '../helpers/test-server.ts'

function get({ url, ca }: Served, path: string, headers: Record<string, string> = { accept: 'text/html' }) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const sent = request(`${url}${path}`, { ca, servername: serverName, agent: false, headers }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('the page is served at every path but those of the API, with a policy that lets nothing else in', async (t) => {
  const served = await serve(t)
  for (const path of ['/', '/nodes', '/nodes/web-1?tab=runs']) {
    const { status, headers } = await get(served, path)
    assert.equal(status, 200, path)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'.*script-src 'self'; .*frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:/)
  }
  for (const path of ['/api/nothing', '/agent/nothing', '/assets/nothing.js'])
    assert.equal((await get(served, path)).status, 404, path)
  assert.equal((await get(served, '/nodes', { accept: 'application/json' })).status, 404)
})

test('what the page names is there, kept for good, and names no other host', async (t) => {
  const served = await serve(t)
  const { text } = await get(served, '/')
  const names = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name = '']) => name)
  assert.equal(names.length, 3)
  for (const name of names) {
    const asset = await get(served, name)
    assert.equal(asset.status, 200, name)
    assert.match(String(asset.headers['cache-control']), /immutable/)
    assert.doesNotMatch(asset.text, /url\(['"]?(https?:)?\/\/|@import/)
  }
})

describe('in a browser', { skip: noBrowser }, () => {
  test('a wrong token is refused with the reason, and a right one goes to the page that was asked for', async (t) => {
    const served = await serve(t)
    const page = await openConsole(t, `${served.url}/nodes`)
    await page.getByLabel('API token').fill('abcdefgh.wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('The token is missing or not known').waitFor()
    await assertAccessible(page, 'sign-in')
    await signIn(page, served.token)
    await page.getByRole('heading', { level: 1, name: 'Nodes' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API token').waitFor()
  })

  test('a key that is pressed as soon as the page is seen is heard', async (t) => {
    const served = await serve(t)
    const page = await openConsole(t, served.url)
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (!document.querySelector('main#main')) return
      observer.disconnect()
      dispatchEvent(new KeyboardEvent('keydown', { key: '?' }))
    }).observe(document.body, { childList: true, subtree: true })`)
    await signIn(page, served.token)
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  })

  test('keys go to pages, search and help', async (t) => {
    const served = await serve(t)
    await joinNode(served, 'web-1')
    const page = await openConsole(t, served.url)
    await signIn(page, served.token)
    await page.getByRole('heading', { name: 'Fleet' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await assertAccessible(page, 'help')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await page.getByRole('combobox').fill('web')
    await page.getByRole('option', { name: 'web-1' }).waitFor()
    await assertAccessible(page, 'search')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/nodes/web-1')
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await page.waitForURL(`${served.url}/`)
  })
})
