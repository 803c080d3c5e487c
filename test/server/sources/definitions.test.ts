import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SourceError } from '../../../server/sources/errors.ts'
import { revisionOf, webRecipe } from '../../helpers/sources.ts'

const files = webRecipe('')
const recipeText = files['recipes/web/web.ts'] ?? ''

/** A role whose settings begin in line 3. */
function role(settings: string) {
  return `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['web'],\n${settings}\n})\n`
}

function recipe(settings: string) {
  return recipeText.replace('defineRecipe({', `defineRecipe({\n${settings},\n`)
}

async function errorsOf(t: TestContext, changed: Record<string, string>) {
  const error = await revisionOf(t, { ...files, ...changed }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert(error instanceof SourceError, `a SourceError was expected, not ${String(error)}`)
  return error.errors
}

test('a role says how its recipes are handled', async (t) => {
  const window = { cron: '0 2 * * 6', minutes: 120, timezone: 'Europe/Prague' }
  const settings = `watch: true, audit: true, window: ${JSON.stringify(window)}, runDeadlineMs: 60_000`
  const { roles } = await revisionOf(t, { ...files, 'roles/web.ts': role(settings) })
  const { watch, audit, window: read, runDeadlineMs } = roles.get('web') ?? {}
  assert.deepEqual(
    { watch, audit, window: read, runDeadlineMs },
    { watch: true, audit: true, window, runDeadlineMs: 60_000 },
  )
})

test('a recipe keeps what it made, unless it says otherwise', async (t) => {
  const { recipes } = await revisionOf(t, {
    ...files,
    'recipes/gone/gone.ts': recipe("  cleanup: 'remove'"),
  })
  assert.deepEqual([recipes.get('web')?.cleanup, recipes.get('gone')?.cleanup], ['keep', 'remove'])
})

const wrongWindows: [window: string, error: RegExp][] = [
  [
    "{ cron: '61 * * * *', minutes: 5 }",
    /^roles\/web\.ts:3:11: window\.cron: '61 \* \* \* \*' is no cron expression \(Invalid value for minute: 61\); write five fields/,
  ],
  [
    "{ cron: '0 0 2 * * *', minutes: 5 }",
    /^roles\/web\.ts:3:11: window\.cron: '0 0 2 \* \* \*' is no cron expression .*5-part/,
  ],
  ["{ cron: '0 0 31 2 *', minutes: 5 }", /^roles\/web\.ts:3:11: window\.cron: '0 0 31 2 \*' never comes$/],
  ["{ cron: '0 2 * * *', minutes: 0 }", /^roles\/web\.ts:3:30: window\.minutes: /],
  [
    "{ cron: '0 2 * * *', minutes: 5, timezone: 'Mars/North' }",
    /^roles\/web\.ts:3:42: window\.timezone: there is no time zone 'Mars\/North'/,
  ],
  ["{ cron: '0 2 * * *', minutes: 5, timezone: '' }", /window\.timezone: there is no time zone ''/],
  ["{ cron: '0 2 * * *', minutes: 5, days: 2 }", /^roles\/web\.ts:3:42: window\.days: there is no such setting\.$/],
  ["{ cron: '0 2 * * *' }", /^roles\/web\.ts:\d+:\d+: window\.minutes: is missing; it must be a number$/],
]

for (const [window, error] of wrongWindows)
  test(`the window ${window} is an error with its line`, async (t) => {
    const [only = '', ...others] = await errorsOf(t, { 'roles/web.ts': role(`window: ${window}`) })
    assert.match(only, error)
    assert.deepEqual(others, [])
  })

test('what a role cannot say is an error with its line, and what was meant', async (t) => {
  const settings = 'wacth: true,\n  audit: false,\n  runDeadlineMs: 5'
  assert.deepEqual(await errorsOf(t, { 'roles/web.ts': role(settings) }), [
    'roles/web.ts:3:1: wacth: there is no such setting. Did you mean watch?',
    'roles/web.ts:4:3: audit: is true, or left out',
    'roles/web.ts:5:3: runDeadlineMs: must be at least 1000, not the number 5',
  ])
})

test('what a recipe cannot say is an error with its line, and what was meant', async (t) => {
  const settings = "  cleanup: 'delete',\n  clenup: 'keep'"
  const [first = '', second = ''] = await errorsOf(t, { 'recipes/web/web.ts': recipe(settings) })
  assert.match(first, /^recipes\/web\/web\.ts:4:3: cleanup: must be one of keep, remove, restore, not "delete"/)
  assert.match(second, /^recipes\/web\/web\.ts:5:3: clenup: there is no such setting\. Did you mean cleanup\?/)
})

test('a recipe that declares nothing, or has attributes of no schema, is an error', async (t) => {
  const text =
    "import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({\n  attributes: { port: 80 },\n})\n"
  assert.deepEqual(await errorsOf(t, { 'recipes/web/web.ts': text }), [
    'recipes/web/web.ts:1:1: declare: is no function',
    'recipes/web/web.ts:3:3: attributes: is no schema by z.strictObject',
  ])
})
