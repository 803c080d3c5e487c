import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { serverName } from '../../../protocol/enrolment.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { listen } from '../../helpers/listen.ts'
import { until } from '../../agent/tiny.ts'
import { bareMachine, skip } from './bare-machine.ts'

const day = 24 * 3600_000

describe('the install script', { skip }, () => {
  test('installs an agent that joins, and leaves nothing else', async (t) => {
    const { run, archive, temporary } = await bareMachine(t)
    const { exitCode, stdout, stderr } = await run(
      'sh "$install"; ls -A /usr/lib/trivet /var/cache/trivet-agent; cat /var/lib/trivet-agent/identity.json',
    )
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, new RegExp(`^trivet: installed ${archive}\ntrivet: the agent runs\\.`))
    assert.match(stdout, /trivet:\ncurrent\ninstalled\ntrivet-agent\n\n.*trivet-agent:\nid\.secret\./)
    assert.deepEqual(readdirSync(temporary), [])
  })

  test('says where an agent cannot be put for lack of room, and what to do, and leaves nothing there', async (t) => {
    const { run, archive } = await bareMachine(t, { padding: randomBytes(200_000) })
    const { stdout, stderr } = await run(`
      mkdir -p /usr/lib/trivet
      mount -t tmpfs -o size=64k tmpfs /usr/lib/trivet
      sh "$install" || echo "failed, with $(ls -A /usr/lib/trivet /var/cache/trivet-agent)"`)
    assert.equal(stdout, 'failed, with /usr/lib/trivet:\n\n/var/cache/trivet-agent:\n')
    assert.match(
      stderr,
      new RegExp(
        `No space left on device\ntrivet: ${archive} cannot be put in its place, as the line above says\\. Next: .*df -h /usr/lib/trivet`,
      ),
    )
  })

  for (const [what, padding, said] of [
    ['download', randomBytes(200_000), /curl: \(23\).*\ntrivet: trivet-agent-\S+ cannot be written to/],
    ['unpack', Buffer.alloc(200_000), /tar: .*\ntrivet: trivet-agent-\S+ cannot be unpacked in/],
  ] as const) {
    test(`says where it has no room to ${what} it, and does not blame the server`, async (t) => {
      const { run } = await bareMachine(t, { padding })
      const { stdout, stderr } = await run(`
        mkdir -p /var/cache/trivet-agent
        mount -t tmpfs -o size=64k tmpfs /var/cache/trivet-agent
        sh "$install" || ls -A /var/cache/trivet-agent`)
      assert.equal(stdout, '')
      assert.match(stderr, said)
      assert.match(stderr, /\/var\/cache\/trivet-agent\/install, as the line above says\. Next: .*df -h \/var\/cache/)
      assert.doesNotMatch(stderr, /did not give/)
    })
  }

  test('tells the clock where the certificate of the right server does not hold', async (t) => {
    const year = { notBefore: new Date(Date.now() + 365 * day), notAfter: new Date(Date.now() + 366 * day) }
    const { run } = await bareMachine(t, { authority: await makeAuthority(serverName, year) })
    const { exitCode, stderr } = await run('sh "$install"')
    assert.equal(exitCode, 1)
    assert.match(stderr, new RegExp(`clock says ${new Date().getUTCFullYear()}-.* must be right\\. Next: `))
    assert.doesNotMatch(stderr, /did not give/)
  })

  for (const name of ['https_proxy', 'ALL_PROXY']) {
    test(`names ${name} where it is in the way, and not what is in it`, async (t) => {
      const { run } = await bareMachine(t)
      const { exitCode, stderr } = await run('sh "$install"', { [name]: 'http://user:hidden@127.0.0.1:1' })
      assert.equal(exitCode, 1)
      assert.match(stderr, new RegExp(`did not give its CA\\..*${name} is set, .*no_proxy='\\*' before sh`))
      assert.doesNotMatch(stderr, /hidden/)
    })
  }

  test('asks for all of it by a proxy that is set', async (t) => {
    const asked: string[] = []
    const proxy = createServer().on('connect', ({ url = '' }, client) => {
      asked.push(url)
      const server = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n')
        server.pipe(client).pipe(server)
      })
      server.on('error', () => client.destroy())
      client.on('error', () => server.destroy())
    })
    const through = await listen(t, proxy)
    const { run, url } = await bareMachine(t)
    const { exitCode, stderr } = await run('sh "$install"', { https_proxy: through.replace('https', 'http') })
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(asked, Array(3).fill(new URL(url).host), 'for the CA, the list and the agent')
  })

  for (const none of ['*', '127.0.0.1']) {
    test(`leaves a proxy out for no_proxy=${none}, whatever name is in the certificate`, async (t) => {
      const { run } = await bareMachine(t)
      const proxy = { https_proxy: 'http://127.0.0.1:1', no_proxy: none }
      const { exitCode, stderr } = await run('sh "$install"', proxy)
      assert.equal(exitCode, 0, stderr)
    })
  }

  test('takes a URL that ends with a slash', async (t) => {
    const { run, pin, url } = await bareMachine(t)
    const { exitCode, stderr } = await run('sh "$install"', { TRIVET_JOIN: `id.secret.${pin}@${url}//` })
    assert.equal(exitCode, 0, stderr)
  })

  test('run twice at once, one waits for the other, and both end as one', async (t) => {
    const waits = /runs here already: waiting for it/
    const log = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : '')
    const hold = (path: string) =>
      path.endsWith('.gz')
        ? until('the other waits', () => ['one', 'two'].some((name) => waits.test(log(name))))
        : undefined
    const { run, dir } = await bareMachine(t, { hold })
    const { exitCode, stdout } = await run(`
      sh "$install" 2>"$dir/one" & one=$!
      sh "$install" 2>"$dir/two" & two=$!
      wait "$one"; wait "$two"
      wc -l </var/lib/trivet-agent/identity.json`)
    assert.equal(exitCode, 0, log('one') + log('two'))
    assert.equal(stdout, '1\n', 'one of them joins')
    const [first = '', second = ''] = [log('one'), log('two')].toSorted((a) => (waits.test(a) ? 1 : -1))
    assert.match(first, /^trivet: installed trivet-agent/)
    assert.match(second, /waiting for it\n.* is installed already\n.* joined already/)
  })

  for (const signal of ['KILL', 'TERM']) {
    test(`leaves nothing for ever where it is ended by SIG${signal}`, async (t) => {
      const { run, stub, temporary } = await bareMachine(t)
      stub('tar', `if [ -e /run/again ]; then exec /bin/tar "$@"; fi; kill -${signal} $PPID`)
      const { exitCode, stdout, stderr } = await run(`
        if sh "$install"; then exit 9; fi
        ls /var/cache/trivet-agent
        touch /run/again
        sh "$install"
        ls /var/cache/trivet-agent`)
      assert.equal(exitCode, 0, stderr)
      assert.equal(stdout, signal === 'KILL' ? 'install\n' : '', 'the next run cleans up, at the latest')
      assert.deepEqual(readdirSync(temporary), [])
    })
  }
})
