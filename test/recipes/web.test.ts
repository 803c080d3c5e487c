import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { bookworm, nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode, demoNodes } from './ours.ts'

for (const [codename, os] of [
  ['trixie', undefined],
  ['bookworm', bookworm],
] as const) {
  for (const [recipe, node] of [
    ['web', 'node-1'],
    ['haproxy', 'node-3'],
  ] as const) {
    test(`a node of role ${recipe} on ${codename} is as agreed`, async () => {
      const catalog = catalogOfNode(node, { nodes: demoNodes(os) })
      await matchesGolden(
        `test/golden/${recipe}.json`,
        catalog.readable().filter((one) => one.recipe === recipe),
      )
    })
  }
}

test('the page names the node', () => {
  assert.match(catalogOfNode('node-2').text('file[/srv/web/index.html]'), /Hello from node-2\./)
})

test('the web service runs as its own user, and only a port below 1024 gives it a capability', () => {
  const plain = catalogOfNode('node-1').text('systemd_unit[web.service]')
  assert.match(plain, /^User=web$/m)
  assert.match(plain, /^Restart=always$/m)
  assert.doesNotMatch(plain, /Capabilities/)
  assert.match(
    catalogOfNode('node-1', { attributes: { 'web.port': 81 } }).text('systemd_unit[web.service]'),
    /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m,
  )
})

test('haproxy has every node of role web as a server, by private address and sorted by name', () => {
  const nodes = [...demoNodes(), nodeOf('a-9', ['web'])]
  const servers = catalogOfNode('node-3', { nodes })
    .text('file[/etc/haproxy/haproxy.cfg]')
    .match(/^\tserver .*$/gm)
  assert.deepEqual(servers, [
    '\tserver a-9 10.0.0.9:8000',
    '\tserver node-1 10.0.0.11:8000',
    '\tserver node-2 10.0.0.12:8000',
  ])
})

test('without a web node haproxy is pending', () => {
  const compiled = compileNode('n1', { nodes: [nodeOf('n1', ['haproxy'])] })
  assert.equal(
    compiled.status === 'pending' && compiled.reason,
    'role haproxy: recipe haproxy needs 1 node with role web in cluster default; there are 0',
  )
})

test('the configuration of haproxy has no word that newer versions refuse, and ends with a line break', () => {
  const text = catalogOfNode('node-3').text('file[/etc/haproxy/haproxy.cfg]')
  assert.doesNotMatch(text, /contimeout|clitimeout|srvtimeout|forceclose|req(rep|add)|rsp(rep|add)/)
  assert(text.endsWith('\n') && !text.endsWith('\n\n'))
  assert.match(text, /^\thard-stop-after 300s$/m)
  assert.match(text, /^\tstats socket \/run\/haproxy\/admin\.sock /m)
})

test('haproxy is verified and reloaded, never restarted, and its package starts with our configuration', () => {
  const catalog = catalogOfNode('node-3')
  catalog.assertNotifies('file[/etc/haproxy/haproxy.cfg]', 'reload', 'service[haproxy]')
  catalog.assertOrder('file[/etc/haproxy/haproxy.cfg]', 'pkg[haproxy]', 'service[haproxy]', 'probe[haproxy]')
  assert.match(String(catalog.get('file[/etc/haproxy/haproxy.cfg]').props.verify), /haproxy -c -f "\$1",verify,\{\}$/)
})

test('what the unit of haproxy reloads with comes along, as a small Debian 12 has no /bin/kill', () => {
  catalogOfNode('node-3').assertOrder('pkg[haproxy]', 'pkg[procps]', 'service[haproxy]')
})
