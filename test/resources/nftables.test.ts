import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { CommandOptions } from '../../resources/host.ts'
import { nftables } from '../../resources/nftables.ts'
import { FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const path = '/etc/nftables.d/web.nft'
const text = 'table inet web {\n}\n'

interface Ruleset {
  nftables: Record<string, object>[]
}

/** The listing of a table with one rule, as the kernel numbers things in its own way. */
function listing(table: string, port: number, handle = 1, elem: string[] = []): Ruleset {
  const of = { family: 'inet', table }
  return {
    nftables: [
      { metainfo: { version: '1.1.3' } },
      { table: { family: 'inet', name: table, handle } },
      { set: { ...of, name: 's', type: 'ipv4_addr', handle: handle + 1, ...(elem.length > 0 ? { elem } : {}) } },
      { counter: { ...of, name: 'c', handle: handle + 2, packets: handle, bytes: handle } },
      { rule: { ...of, chain: 'input', handle: handle + 3, expr: [{ port }] } },
    ],
  }
}

/** nft in the kernel and in a namespace of its own: both answer with a listing. */
class NftHost extends FakeHost {
  kernel: Ruleset = { nftables: [] }
  tried: Ruleset | undefined = listing('web', 80)
  inputs: string[] = []
  refuses = false

  override async run(argv: string[], options: CommandOptions = {}) {
    const result = await super.run(argv, options)
    if (argv[0] === 'unshare')
      return this.tried ? { ...result, stdout: JSON.stringify(this.tried) } : { ...result, exitCode: 1 }
    if (argv.includes('list')) return { ...result, stdout: JSON.stringify(this.kernel) }
    if (argv[0] === 'nft') this.inputs.push(`${argv[1]} ${options.input}`)
    if (argv.includes('--check') && this.refuses) return { ...result, exitCode: 1, stderr: '/dev/stdin:1:1: Error' }
    if (argv.join(' ') === 'nft --file -') this.kernel = this.tried ?? this.kernel
    if (argv[1] === 'enable') this.units.set('nftables.service', { UnitFileState: 'enabled' })
    return result
  }
}

async function machine(t: TestContext, files: Record<string, string> = { '/etc/nftables.conf': 'flush ruleset\n' }) {
  const root = await tempDir(t)
  mkdirSync(join(root, 'etc'))
  layDown(root, files)
  const host = new NftHost()
  host.files = rootedFiles(root)
  const want = nftables.props.parse({ content: host.blob(text) })
  const check = async () => nftables.check(path, want, host)
  return { host, want, check, apply: async () => nftables.apply(path, want, host, await check()) }
}

const whats = (changes: { what: string }[]) => changes.map(({ what }) => what)

test('nftables checks, writes and loads a ruleset, has it included, and loaded at boot', async (t) => {
  const { host, check, apply } = await machine(t)
  assert.deepEqual(whats(await check()), ['ensure', 'content', 'table inet web', 'included', 'at boot'])
  await apply()
  assert.deepEqual(host.inputs, [
    `--check table inet web; delete table inet web; ${text}`,
    `--file table inet web; delete table inet web; ${text}`,
  ])
  assert.equal(host.files.read('/etc/nftables.conf').toString(), `flush ruleset\ninclude "${path}"\n`)
  assert.deepEqual(await check(), [])
})

test('nftables sees rules that are not its own, and none in handles, counts and what was added to a set', async (t) => {
  const { host, check, apply } = await machine(t)
  host.tried = listing('web', 80, 1, ['10.0.0.1'])
  await apply()
  host.kernel = listing('web', 80, 7, ['10.0.0.1', '10.0.0.2'])
  assert.deepEqual(await check(), [])
  host.kernel = listing('web', 80, 7, ['10.0.0.2'])
  assert.deepEqual(shown(await check()), ['table inet web: otherwise → as in the file'])
  host.kernel = listing('web', 81)
  assert.deepEqual(shown(await check()), ['table inet web: otherwise → as in the file'])
  host.kernel = listing('of-another', 80)
  assert.deepEqual(shown(await check()), ['table inet web: - → as in the file'])
})

test('nftables goes by the names of tables where the text cannot be tried out', async (t) => {
  const { host, check, apply } = await machine(t)
  host.tried = undefined
  host.kernel = listing('web', 80)
  await apply()
  assert.deepEqual(await check(), [])
  host.kernel = listing('other', 80)
  assert.deepEqual(shown(await check()), ['table inet web: - → as in the file'])
})

test('nftables leaves kernel and file alone when nft refuses the text', async (t) => {
  const { host, apply } = await machine(t)
  host.refuses = true
  await assert.rejects(apply(), /nft --check --file - exited with 1: \/dev\/stdin:1:1: Error/)
  assert.equal(host.files.stat(path), undefined)
  assert.equal(host.inputs.length, 1)
})

test('nftables takes its tables out of the kernel before their file goes', async (t) => {
  const { host, apply } = await machine(t)
  await apply()
  host.inputs = []
  const want = nftables.props.parse({ ensure: 'absent' })
  const changes = await nftables.check(path, want, host)
  assert.deepEqual(shown(changes), ['ensure: present → absent', 'included: true → false'])
  await nftables.apply(path, want, host, changes)
  assert.equal(host.inputs[1], '--file table inet web; delete table inet web; ')
  assert.equal(host.files.read('/etc/nftables.conf').toString(), 'flush ruleset\n')
  assert.deepEqual(await nftables.check(path, want, host), [])
})

test('nftables is content with a pattern that includes it, and makes a file that includes it', async (t) => {
  const { check } = await machine(t, { '/etc/nftables.conf': 'include "/etc/nftables.d/*.nft"\n' })
  assert(!whats(await check()).includes('included'))
  const bare = await machine(t, {})
  await bare.apply()
  assert.match(
    bare.host.files.read('/etc/nftables.conf').toString(),
    /^flush ruleset\ninclude "\/etc\/nftables\.d\/web/m,
  )
})

test('nftables shows as a difference that there is no nft yet', async (t) => {
  const { host, check } = await machine(t)
  host.run = async ([program]) => {
    throw new Error(`${program} cannot be started`, { cause: Object.assign(new Error('x'), { code: 'ENOENT' }) })
  }
  assert.deepEqual(whats(await check()), ['ensure', 'content', 'loaded', 'included', 'at boot'])
  host.run = async () => ({ exitCode: 1, stdout: '', stderr: 'Operation not permitted' })
  await assert.rejects(check(), /nft --json --stateless list ruleset exited with 1: Operation not permitted/)
})

test('nftables has its file where nftables.service loads it', () => {
  for (const name of ['/etc/nftables.conf', path]) assert(nftables.name.safeParse(name).success, name)
  for (const name of ['/etc/nftables.d/../x.nft', '/etc/nftables.d/x', '/srv/x.nft', '/etc/nftables.d/.x.nft'])
    assert(!nftables.name.safeParse(name).success, name)
})
