import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type BrowserContextOptions, chromium } from 'playwright-core'
import { tempDir } from './converges.ts'

const executablePath = '/usr/bin/chromium'

/** Why there is nothing to show a page in; false where there is. */
export const noBrowser = existsSync(executablePath) ? false : `needs ${executablePath}: apt-get install chromium`

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Debian's Chromium with a profile of its own, closed with the test. It knows no CA of ours, and is told to go on. */
export async function browserFor(t: TestContext, options: BrowserContextOptions = {}) {
  const context = await chromium.launchPersistentContext(await tempDir(t), {
    executablePath,
    args,
    headless: true,
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 860 },
    ...options,
  })
  t.after(() => context.close())
  context.setDefaultTimeout(40_000)
  return context
}
