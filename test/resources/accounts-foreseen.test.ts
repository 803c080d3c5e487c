import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ForeseenHost } from '../../agent/machine/foreseen.ts'
import { group } from '../../resources/group.ts'
import { Unforeseeable } from '../../resources/host.ts'
import { user } from '../../resources/user.ts'
import { FakeHost } from '../helpers/converges.ts'

function planned(accounts: Record<string, number> = {}, groups: Record<string, [number, ...string[]]> = {}) {
  const host = new FakeHost()
  for (const [name, id] of Object.entries(accounts))
    host.accounts.set(name, { uid: id, gid: id, comment: '', home: `/nowhere/${name}`, shell: '/bin/sh' })
  for (const [name, [gid, ...members]] of Object.entries(groups)) host.groupTable.set(name, { gid, members })
  return new ForeseenHost(host)
}

const ofUser = async (foreseen: ForeseenHost, name: string, props = {}) =>
  user.effects?.(name, user.props.parse(props), foreseen, [])
const ofGroup = async (foreseen: ForeseenHost, name: string, props = {}) =>
  group.effects?.(name, group.props.parse(props), foreseen, [])

test('two numbers that the node chooses are not the same', async () => {
  const foreseen = planned()
  await ofUser(foreseen, 'ann')
  await ofUser(foreseen, 'bob')
  await ofGroup(foreseen, 'team')
  const uids = ['ann', 'bob'].map((name) => foreseen.users().get(name)?.uid)
  const gids = ['ann', 'bob', 'team'].map((name) => foreseen.groups().get(name)?.gid)
  assert.equal(new Set(uids).size, 2)
  assert.equal(new Set(gids).size, 3)
  assert.deepEqual(await group.check('ann', group.props.parse({ gid: 70_000 }), foreseen), [
    { what: 'gid', from: 'a number that the node chooses', to: '70000' },
  ])
})

test('a number that another has is refused, and one that the node may choose for another is unknown', async () => {
  const foreseen = planned({ ann: 3001 }, { ann: [3001] })
  await assert.rejects(ofUser(foreseen, 'bob', { uid: 3001 }), /UID 3001 is taken/)
  await assert.rejects(ofGroup(foreseen, 'team', { gid: 3001 }), /GID 3001 is taken/)
  await ofUser(foreseen, 'carl')
  await assert.rejects(ofUser(foreseen, 'bob', { uid: 3003 }), Unforeseeable)
})

test('the group of a removed user goes with it, unless somebody is in it', async () => {
  const foreseen = planned({ ann: 3001, bob: 3002 }, { ann: [3001], bob: [3002, 'carl'], team: [3003, 'ann'] })
  await ofUser(foreseen, 'ann', { ensure: 'absent' })
  await ofUser(foreseen, 'bob', { ensure: 'absent' })
  assert.deepEqual(
    ['ann', 'bob'].map((name) => foreseen.groups().has(name)),
    [false, true],
  )
  assert.deepEqual(foreseen.groups().get('team')?.members, [], 'a removed user is in no group')
})

test('the main group of a user cannot be removed', async () => {
  const foreseen = planned({ ann: 3001 }, { ann: [3001] })
  await assert.rejects(ofGroup(foreseen, 'ann', { ensure: 'absent' }), /is the main group of user ann/)
})

test('a group that gets another number keeps those whose main group it is', async () => {
  const foreseen = planned({ ann: 3001 }, { ann: [3001] })
  await ofGroup(foreseen, 'ann', { gid: 3009 })
  assert.equal(foreseen.users().get('ann')?.gid, 3009)
})

test('nobody who is not there can be a member', async () => {
  await assert.rejects(ofGroup(planned(), 'team', { members: ['ann'] }), /There is no user ann/)
})

test('what a user has in its home is in doubt once its number changes', async () => {
  const foreseen = planned({ ann: 3001 }, { ann: [3001] })
  await ofUser(foreseen, 'ann', { uid: 3002 })
  assert.throws(() => foreseen.files.stat('/nowhere/ann/file'), Unforeseeable)
})
