import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance } from '../../helpers/acceptance.ts'

acceptance('files', {}, (machine) => {
  test('file, directory and link are made as planned, on what is only foreseen when they are planned', async () => {
    await machine().threeWays(
      `group('crew', {})
       user('web', { group: 'crew' })
       directory('/srv/made', { owner: 'web', group: 'crew', mode: '0750' })
       file('/srv/made/page', { content: 'hello\\n', owner: 'web', mode: '0640' })
       link('/srv/page', { target: 'made/page' })`,
      ['group[crew]', 'user[web]', 'directory[/srv/made]', 'file[/srv/made/page]', 'link[/srv/page]'],
    )
    assert.equal(await machine().on('cat', '/srv/page'), 'hello')
  })
})
