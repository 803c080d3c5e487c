import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { browserFor } from './browser.ts'

const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface Violation {
  id: string
  help: string
  nodes: { html: string; failureSummary?: string }[]
}

/** The console in a browser, which fails the test at its end if the page had an error or its policy was broken. */
export async function openConsole(t: TestContext, url: string, options: BrowserContextOptions = {}) {
  const context = await browserFor(t, { bypassCSP: false, ...options })
  const page = context.pages()[0] ?? (await context.newPage())
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) errors.push(message.text())
  })
  t.after(() => assert.deepEqual(errors, [], 'the page had errors'))
  await page.goto(url)
  return page
}

export async function signIn(page: Page, token: string) {
  await page.getByLabel('API token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

/** WCAG AA as far as a program can tell, of the page as it is now. */
export async function assertAccessible(page: Page, what: string) {
  // By the debugger's way, which the page's own policy does not bind.
  const session = await page.context().newCDPSession(page)
  const run = `${await readFile(axeSource, 'utf8')}; axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((found) => JSON.stringify(found.violations))`
  const { result } = await session.send('Runtime.evaluate', {
    expression: run,
    awaitPromise: true,
    returnByValue: true,
    allowUnsafeEvalBlockedByCSP: true,
  })
  await session.detach()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what axe says
  const violations = JSON.parse(String(result.value)) as Violation[]
  const told = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n${html.slice(0, 300)}\n${failureSummary}`),
  )
  assert.equal(told.join('\n\n'), '', `${what} is not accessible`)
}
