import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cron, cronIn } from '../../resources/cron.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { sha256 } from '../../protocol/catalog.ts'

const job = { schedule: '15 3 * * mon-fri', command: 'date +%F > /tmp/x', env: { MAILTO: 'ops', GREETING: 'say "hi"' } }
const text = `# Kept by Trivet: cron[backup]
MAILTO="ops"
GREETING='say "hi"'
15 3 * * mon-fri root date +\\%F > /tmp/x
`

test(
  'cron writes a file that cron reads, and takes it away',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const dir = await tempDir(t)
    const type = cronIn(dir)
    await assertConverges(type, 'backup', job, new FakeHost(), [
      'ensure: absent → present',
      `content: - → ${sha256(text)}`,
      'mode: - → 0644',
      'owner: - → 0',
      'group: - → 0',
    ])
    assert.equal(readFileSync(join(dir, 'backup'), 'utf8'), text)
    assert.equal(statSync(join(dir, 'backup')).mode & 0o777, 0o644)
    const host = new FakeHost()
    const [change] = await assertConverges(type, 'backup', { ensure: 'absent' }, host, ['ensure: present → absent'])
    assert.equal(host.kept.get(change?.kept ?? '')?.toString(), text)
  },
)

test('cron says that the user is not there, for whom cron itself would run nothing and fail nobody', async (t) => {
  const type = cronIn(await tempDir(t))
  const want = type.props.parse({ ...job, user: 'web' })
  const host = new FakeHost()
  const changes = await type.check('backup', want, host)
  assert(shown(changes).includes('user: - → web'))
  await assert.rejects(async () => type.apply('backup', want, host, changes), /Declare user\[web\] before it/)
  assert.deepEqual(await type.check('backup', type.props.parse({ ensure: 'absent', user: 'web' }), host), [])
})

test('cron takes schedules that cron knows', () => {
  const good = ['* * * * *', '*/5 0-6/2 1,15 jan sun', '0 0 * * 7', '59 23 31 12 mon-fri']
  for (const schedule of good) assert.equal(cron.props.safeParse({ ...job, schedule }).success, true, schedule)
  const bad = ['60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '* * * *', '* * * * * *', '@daily']
  const notCrons = [
    '0 0 L * *',
    '0 0 15W * *',
    '0 0 * * mon#1',
    '0 0 ? * *',
    '5/10 * * * *',
    '* * * foo *',
    '*  * * * *',
  ]
  for (const schedule of [...bad, ...notCrons])
    assert.equal(cron.props.safeParse({ ...job, schedule }).success, false, schedule)
  const { error } = cron.props.safeParse({ ...job, schedule: '60 * * * *' })
  assert.match(error?.issues[0]?.message ?? '', /Invalid value for minute: 60/)
})

test('cron takes names, commands and variables that stay what they are in its file', () => {
  for (const name of ['a.b', 'a b', '.a', '-a', 'a/b', '']) assert.equal(cron.name.safeParse(name).success, false, name)
  const wrong = [
    { command: 'a\nb' },
    { command: 'date +\\%F' },
    { user: 'a b' },
    { env: { 'A B': 'x' } },
    { env: { A: `"'` } },
  ]
  for (const props of wrong)
    assert.equal(cron.props.safeParse({ ...job, ...props }).success, false, JSON.stringify(props))
  assert.match(cron.problem?.('a', cron.props.parse({ command: 'x' }), {}) ?? '', /needs a schedule and a command/)
})
