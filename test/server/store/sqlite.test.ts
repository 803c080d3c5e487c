import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { openDataDir } from '../../../server/data-dir.ts'
import { hashSecret, secretMatches } from '../../../server/secrets.ts'
import { openSqliteStore } from '../../../server/store/sqlite.ts'
import { tempDir } from '../../helpers/converges.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { changedFile, failedService } from '../../helpers/records.ts'
import { storeContract } from './contract.ts'
import { by, enrolled, token } from './enrolled.ts'

storeContract('sqlite (memory)', () => openSqliteStore(':memory:'))
storeContract('sqlite (file)', async (t) => openSqliteStore(join(await tempDir(t), 'trivet.db')))

const migrations = new URL('../../../server/store/migrations/', import.meta.url)
const authority = { certificate: 'c', key: 'k' }

test('the name of a resource goes with the last run that has an event of it', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  const store = await openSqliteStore(path)
  const [node] = await enrolled(store, 'web-1')
  for (const [at, events] of [[changedFile, failedService], [changedFile], []].entries())
    await store.storeReport(node, reportOf(randomUUID(), { startedAt: 0, finishedAt: at + 1 }, events), at + 1)
  const names = async (kind: 'runs' | 'events', newest: number) => {
    while (!(await store.forget(kind, { newest }, 1000)).isDone);
    const copy = join(await tempDir(t), 'copy.db')
    await store.backup(copy)
    const database = new Database(copy)
    t.after(() => database.close())
    return database.prepare('select name from resources order by name').pluck().all()
  }
  t.after(() => store.close())
  assert.deepEqual(await names('runs', 3), ['file[/etc/motd]', 'service[nginx]'])
  assert.deepEqual(await names('runs', 2), ['file[/etc/motd]'])
  assert.deepEqual(await names('events', 1), [])
  await store.storeReport(node, reportOf(randomUUID(), { startedAt: 0, finishedAt: 9 }, [failedService]), 9)
  assert.deepEqual(await names('runs', 9), ['service[nginx]'], 'and is there again with the next')
})

test('a database and its backup are readable by their owner alone', async (t) => {
  const dir = await tempDir(t)
  const store = await openSqliteStore(join(dir, 'trivet.db'))
  t.after(() => store.close())
  await store.keepAuthority(authority)
  await store.backup(join(dir, 'copy.db'))
  for (const name of ['trivet.db', 'trivet.db-wal', 'copy.db'])
    assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600, name)
})

test('a backup opens as a store with the same content', async (t) => {
  const dir = await tempDir(t)
  const store = await openSqliteStore(join(dir, 'trivet.db'))
  t.after(() => store.close())
  await store.keepAuthority(authority)
  await store.backup(join(dir, 'copy.db'))
  const copy = await openSqliteStore(join(dir, 'copy.db'))
  t.after(() => copy.close())
  assert.deepEqual(await copy.readAuthority(), authority)
})

test('what was written is there after it was closed and opened again', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  const store = await openSqliteStore(path)
  const written = store.keepAuthority(authority)
  await store.close()
  await written
  const again = await openSqliteStore(path)
  t.after(() => again.close())
  assert.deepEqual(await again.readAuthority(), authority)
})

test('a database that is in use is refused, and free once it is closed', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  const store = await openSqliteStore(path)
  await assert.rejects(openSqliteStore(path), /is in use by another server/)
  await store.close()
  await (await openSqliteStore(path)).close()
})

test('a database of the first version is brought to the newest, with what is in it', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  const old = new Database(path)
  old.exec(await readFile(new URL('001-start.sql', migrations), 'utf8'))
  old.exec(`insert into operators values ('abcdefgh', 'admin', 'admin', x'${hashSecret('secret').toString('hex')}', 7)`)
  old.exec("insert into orders values ('o1', 'converge', 'ann', 1, 2)")
  old.pragma('user_version = 1')
  old.close()
  const store = await openSqliteStore(path)
  t.after(() => store.close())
  const order = { id: 'o1', mode: 'converge', author: 'ann', createdAt: 1, deadline: 2, targets: [] }
  assert.deepEqual(await store.readOrder('o1'), order)
  const admin = await store.findApiToken('abcdefgh')
  assert(secretMatches('secret', admin?.token.secretHash ?? Buffer.alloc(0)))
  assert.deepEqual([admin?.token.expiresAt, admin?.token.access, admin?.token.clusters], [null, 'admin', 'all'])
  assert.deepEqual([admin?.user.name, admin?.user.access, admin?.user.clusters], ['admin', 'admin', 'all'])
})

async function migrationFiles() {
  return (await readdir(migrations)).toSorted()
}

test('migrations are numbered without a gap or a number twice, so that a database that has one has all before it', async () => {
  const files = await migrationFiles()
  const numbers = files.map((_name, index) => String(index + 1).padStart(3, '0'))
  assert.deepEqual(
    files.map((name) => name.slice(0, 3)),
    numbers,
  )
})

test('a database of any version gets the same schema as a new one', async (t) => {
  const dir = await tempDir(t)
  const steps = await Promise.all((await migrationFiles()).map((name) => readFile(new URL(name, migrations), 'utf8')))
  const whole = await schemaOf(join(dir, 'new.db'))
  for (const version of steps.keys()) {
    const path = join(dir, `${version}.db`)
    const old = new Database(path)
    for (const step of steps.slice(0, version)) old.exec(step)
    old.pragma(`user_version = ${version}`)
    old.close()
    assert.deepEqual(await schemaOf(path), whole, `from version ${version}`)
  }
})

/** What opening it as a store makes of it. */
async function schemaOf(path: string) {
  await (await openSqliteStore(path)).close()
  const database = new Database(path)
  const schema = database.prepare('select type, name, sql from sqlite_schema order by type, name').all()
  const version = database.pragma('user_version', { simple: true })
  database.close()
  return { schema, version }
}

test('rows of the audit can neither be changed nor deleted, not even by hand', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  const store = await openSqliteStore(path)
  await store.createToken(token, by)
  await store.close()
  const database = new Database(path)
  t.after(() => database.close())
  assert.throws(() => database.exec("update audit set author = 'eve'"), /append-only/)
  assert.throws(() => database.exec('delete from audit'), /append-only/)
  assert.throws(() => database.exec('insert or replace into audit select * from audit'), /append-only/)
  database.exec("insert into meta values ('audit-forgotten-to', '0')")
  assert.throws(() => database.exec('delete from audit'), /append-only/)
  database.exec("update meta set value = '1' where key = 'audit-forgotten-to'")
  assert.equal(database.prepare('delete from audit').run().changes, 1)
})

test('a database of a newer version is refused and left as it is', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  const newer = new Database(path)
  newer.pragma('user_version = 999')
  newer.close()
  await assert.rejects(openSqliteStore(path), /has schema 999, made by a newer Trivet/)
})

test('a file that is no database is refused', async (t) => {
  const path = join(await tempDir(t), 'trivet.db')
  await writeFile(path, 'no database at all, but long enough to be looked at: '.repeat(99))
  await assert.rejects(openSqliteStore(path), /is no SQLite database/)
})

test('a backup that fails leaves no file', async (t) => {
  const dir = await tempDir(t)
  const store = await openSqliteStore(join(dir, 'trivet.db'))
  await store.close()
  await assert.rejects(store.backup(join(dir, 'copy.db')))
  assert(!(await readdir(dir)).includes('copy.db'))
})

test('a data directory is opened without the backups that an interrupted server left, and keeps what else is there', async (t) => {
  const dir = await tempDir(t)
  const left = `backup-${randomUUID()}.db`
  for (const name of ['trivet.db', 'backup-mine.db', left, `${left}-journal`]) await writeFile(join(dir, name), '')
  await openDataDir(dir)
  assert.deepEqual((await readdir(dir)).toSorted(), ['backup-mine.db', 'trivet.db'])
})
