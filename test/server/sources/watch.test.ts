import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { watchSources } from '../../../server/sources/watch.ts'
import { sourcesOf, webRecipe } from '../../helpers/sources.ts'

async function watching(t: TestContext) {
  const { root, dirs } = await sourcesOf(t, webRecipe(''))
  let heard: (() => void) | undefined
  let changes = 0
  const watcher = watchSources(dirs, () => {
    changes++
    heard?.()
  })
  t.after(() => watcher.close())
  await watcher.ready

  /** Does it and waits until it was told of. */
  const tells = async (what: string, act: () => Promise<unknown>) => {
    const told = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not told of ${what} within 5 s`)), 5000)
      heard = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    await act()
    await told
  }
  return { root, dirs, tells, changes: () => changes }
}

test('a file that an editor replaces by rename is told of each time', async (t) => {
  const { root, tells } = await watching(t)
  const path = join(root, 'recipes/web/web.ts')
  for (const text of ['// 1', '// 2', '// 3']) {
    await tells(`the change to ${text}`, async () => {
      await writeFile(join(root, 'recipes/web/.web.ts.swp'), text)
      await rename(join(root, 'recipes/web/.web.ts.swp'), path)
    })
  }
})

test('what happens in a new folder is told of too', async (t) => {
  const { root, tells } = await watching(t)
  await tells('the folder', () => mkdir(join(root, 'recipes/db')))
  await tells('the file in it', () => writeFile(join(root, 'recipes/db/db.ts'), ''))
  await tells('the change of it', () => writeFile(join(root, 'recipes/db/db.ts'), '// x'))
})

test('a folder that is swapped for another is told of, and so is what happens in that one', async (t) => {
  const { root, dirs, tells } = await watching(t)
  await mkdir(join(root, 'next/web'), { recursive: true })
  await tells('the swap', async () => {
    await rename(dirs.recipes, join(root, 'old'))
    await rename(join(root, 'next'), dirs.recipes)
  })
  await tells('a file in the new one', () => writeFile(join(dirs.recipes, 'web/web.ts'), ''))
})

test('many changes in one breath are told of once', async (t) => {
  const { root, tells, changes } = await watching(t)
  await tells('the changes', async () => {
    for (let index = 0; index < 20; index++) await writeFile(join(root, 'roles/web.ts'), `// ${index}`)
  })
  assert.equal(changes(), 1)
})

test('nothing is told after close', async (t) => {
  const { root, dirs } = await sourcesOf(t, webRecipe(''))
  const watcher = watchSources(dirs, () => assert.fail('told of a change'))
  await watcher.ready
  await writeFile(join(root, 'roles/web.ts'), '// x')
  watcher.close()
})

test('a folder of types that comes later is told of, and so is what happens in it', async (t) => {
  const { root, dirs, tells } = await watching(t)
  await tells('the folder', () => mkdir(dirs.types))
  await tells('a type', () => writeFile(join(root, 'types/motd.ts'), '// x'))
})
