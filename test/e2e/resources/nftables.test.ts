import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance, told } from '../../helpers/acceptance.ts'

const declareTable = (rule: string) => `nftables('/etc/nftables.d/web.nft', { content: \`table inet web {
  set seen { type ipv4_addr; flags dynamic; }
  chain input {
    type filter hook input priority filter; policy accept;
    ${rule}
  }
}
\` })
service('nftables', { enabled: true })`

/** What `nft --check` lets pass, and the kernel does not. */
const inACircle = `nftables('/etc/nftables.d/web.nft', { content: \`table inet web {
  chain a { jump b; }
  chain b { }
  chain input { type filter hook input priority filter; jump a; }
}
add rule inet web b jump a
\` })`

const ofExample = `table inet web {
  chain input {
    type filter hook input priority filter; policy accept;
    tcp dport 8000 ip saddr != {{ from }} drop
  }
}
`

acceptance('nftables', { files: { 'web.nft.njk': ofExample } }, (machine) => {
  const on = (...argv: string[]) => machine().on(...argv)

  test('nftables: loaded and persisted beside others, mended when the kernel has something else, and taken away', async () => {
    const own = `nftables('/etc/nftables.d/own.nft', { content: 'table ip own {\\n}\\n' })`
    await machine().threeWays(`pkg('nftables')\n${own}\nservice('nftables', { enabled: true })`, [
      'pkg[nftables]',
      'nftables[/etc/nftables.d/own.nft]',
    ])
    await machine().threeWays(`nftables('/etc/nftables.d/own.nft', { ensure: 'absent' })`, [
      'nftables[/etc/nftables.d/own.nft]',
    ])
    await machine().example('nftables')
    assert.equal(await on('systemctl', 'is-enabled', 'nftables'), 'enabled')
    const changed = ['nftables[/etc/nftables.d/web.nft]']
    await machine().threeWays(declareTable('tcp dport 8001 counter drop'), changed)
    await on('nft', 'add', 'table', 'inet', 'of-another')
    await on('nft', 'add', 'element', 'inet', 'web', 'seen', '{ 10.0.0.9 }')
    const { run } = await machine().converge(declareTable('tcp dport 8001 counter drop'))
    assert.equal(run.counts.unchanged, 2, 'an element that came at run time is no difference')
    await on('nft', 'flush', 'chain', 'inet', 'web', 'input')
    await machine().threeWays(declareTable('tcp dport 8001 counter drop'), changed)
    await on('nft', 'delete', 'table', 'inet', 'web')
    await machine().threeWays(declareTable('tcp dport 8001 counter drop'), changed)
    await on('systemctl', 'restart', 'nftables')
    assert.match(await on('nft', 'list', 'ruleset'), /tcp dport 8001/)
    await on('nft', 'add', 'table', 'inet', 'of-another')

    const wrong = declareTable('tcp dport eight counter drop')
    assert.match((await machine().plan(wrong)).events.map(told).join(), /web\.nft\] failed: .*:5:/s)
    assert.match((await machine().converge(wrong)).events.map(told).join(), /web\.nft\] failed: .*:5:/s)
    const refused = await machine().converge(inACircle)
    assert.match(refused.events.map(told).join(), /web\.nft\] failed: nft --file - .*Too many links/s)
    assert.match(await on('cat', '/etc/nftables.d/web.nft'), /tcp dport 8001/)
    assert.match(await on('nft', 'list', 'ruleset'), /tcp dport 8001/)
    await machine().threeWays(`nftables('/etc/nftables.d/web.nft', { ensure: 'absent' })`, changed)
    assert.equal(await on('nft', 'list', 'tables'), 'table inet filter\ntable inet of-another')
  })
})
