import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { serverName } from '../../protocol/enrolment.ts'
import { makeAuthority } from '../helpers/authority.ts'
import { tempDir } from '../helpers/converges.ts'
import { connect, enrol } from '../helpers/fake-agent.ts'
import { freePort, runProxy, without } from '../helpers/proxies.ts'
import { serve } from '../helpers/test-server.ts'
import { trivet } from '../helpers/trivet.ts'
import { visitor } from '../helpers/visitor.ts'

const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')

/** What the page shows in that language, with our addresses and files in the place of its own. */
function shown(language: string, ours: [string, string][]) {
  const [, block] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page) ?? []
  assert(block !== undefined, `docs/operating.md shows no ${language}`)
  return ours.reduce((text, [theirs, our]) => {
    assert(text.includes(theirs), `docs/operating.md has no ${theirs} in what it shows of ${language}`)
    return text.replace(theirs, our)
  }, block)
}

const haproxy = { skip: without('haproxy', '-v') }
const nginx = { skip: without('nginx', '-v') }

test('agents and the command reach the server through HAProxy, as the page has it', haproxy, async (t) => {
  const served = await serve(t)
  const port = await freePort()
  const ours: [string, string][] = [
    ['bind :8443', `bind 127.0.0.1:${port}`],
    ['10.0.0.5:8443', new URL(served.url).host],
  ]
  const path = join(served.dir, 'haproxy.cfg')
  await writeFile(path, shown('haproxy', ours))
  await runProxy(t, ['haproxy', '-db', '-f', path], port)

  const url = `https://127.0.0.1:${port}`
  const home = await tempDir(t)
  const { stderr, exitCode } = await trivet(['login', `${served.token}@${url}`], { home })
  assert.equal(exitCode, 0, stderr)
  const place = { url, ca: served.ca }
  const { keys } = await enrol(place, await served.joinToken({ roles: ['word'] }), 'n1')
  const agent = await connect(place, keys)
  assert.equal((await agent.next('catalog')).catalog.resources.length, 1)
  agent.socket.close()
})

test('the console is used through nginx with a certificate of another CA, as the page has it', nginx, async (t) => {
  const { url, ca, token } = await throughNginx(t)
  const browser = visitor({ url, ca })
  // A browser that tells the origin alone: the server has to know by which name it was asked.
  const headers = { origin: url, 'x-trivet-console': '1' }
  const { status, text } = await browser.ask('/api/session', { method: 'POST', headers, body: { token } })
  assert.equal(status, 200, text)
  assert.equal((await browser.ask('/api/whoami')).json.name, 'admin')
  assert.match(await firstEvent({ url, ca, token }), /"type":"reset"/)
})

async function throughNginx(t: TestContext) {
  const served = await serve(t)
  const port = await freePort()
  const authority = await makeAuthority()
  const file = async (name: string, text: string) => {
    await writeFile(join(served.dir, name), text)
    return join(served.dir, name)
  }
  const { stdout: trivetCa } = await trivet(['context', 'ca'], {
    home: served.dir,
    login: { url: served.url, ca: served.ca, token: served.token },
  })
  const site = shown('nginx', [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['/etc/ssl/trivet.example.pem', await file('public.pem', authority.cert)],
    ['/etc/ssl/private/trivet.example.key', await file('public.key', authority.key)],
    ['/etc/nginx/trivet-ca.pem', await file('trivet-ca.pem', trivetCa)],
    ['10.0.0.5:8443', new URL(served.url).host],
  ])
  // Its workers are another user.
  await chmod(served.dir, 0o755)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(served.dir, kind)};`)
    .join('\n')
  const main = `daemon off;\npid ${join(served.dir, 'nginx.pid')};\nerror_log stderr;\nevents {}\n`
  const path = await file('nginx.conf', `${main}http {\naccess_log off;\n${temporary}\n${site}\n}\n`)
  await runProxy(t, ['nginx', '-p', served.dir, '-e', 'stderr', '-c', path], port)
  return { url: `https://127.0.0.1:${port}`, ca: authority.ca, token: served.token }
}

/** What comes first of a stream that nobody ends: a proxy that gathers would keep it. */
function firstEvent({ url, ca, token }: { url: string; ca: string; token: string }) {
  return new Promise<string>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const options = { ca, servername: serverName, agent: false, headers, signal: AbortSignal.timeout(10_000) }
    const asked = request(new URL('/api/events', url), options, (response) => {
      response.once('data', (bytes: Buffer) => {
        resolve(bytes.toString())
        response.destroy()
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}
