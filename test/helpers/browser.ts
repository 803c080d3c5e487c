import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type BrowserContextOptions, chromium } from 'playwright-core'

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
  const profile = await mkdtemp(join(tmpdir(), 'test-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args,
    headless: true,
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 860 },
    ...options,
  })
  t.after(async () => {
    await context.close()
    // Some of its processes still write for a moment.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })
  context.setDefaultTimeout(40_000)
  return context
}
