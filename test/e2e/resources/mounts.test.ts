import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance, told } from '../../helpers/acceptance.ts'
import { toldOnly } from '../../helpers/told-only.ts'

acceptance('mounts', { packages: ['kmod', 'locales', 'nftables', 'tzdata'] }, (machine) => {
  const on = (...argv: string[]) => machine().on(...argv)

  test('mount: mounted with its options, remounted, and away again with its line', async () => {
    await machine().example('mount')
    const target = '/srv/scratch pad'
    const declare = (props: string) => `directory('${target}', {})
       mount('${target}', { device: 'tmpfs', fstype: 'tmpfs', ${props} })
       file('${target}/note', { content: 'on it\\n' })`
    const ids = [`mount[${target}]`, `file[${target}/note]`]
    await machine().threeWays(declare(`options: ['size=8m', 'nosuid']`), [`directory[${target}]`, ...ids])
    assert.match(await on('findmnt', '-n', '-o', 'OPTIONS', target), /nosuid.*size=8192k/)
    await machine().threeWays(declare(`options: ['size=4m', 'nosuid', 'noexec', 'nofail']`), [`mount[${target}]`])
    assert.match(await on('findmnt', '-n', '-o', 'OPTIONS', target), /nosuid,noexec.*size=4096k/)
    await on('mount', '-o', 'remount,ro', target)
    await machine().threeWays(declare(`options: ['size=4m', 'nosuid', 'noexec', 'nofail']`), [`mount[${target}]`])
    await on('umount', target)
    await machine().threeWays(declare(`options: ['size=4m', 'nosuid', 'noexec', 'nofail']`), ids)
    await on('findmnt', '--verify')

    await machine().threeWays(`mount('${target}', { ensure: 'unmounted', device: 'tmpfs', fstype: 'tmpfs' })`, [
      `mount[${target}]`,
    ])
    await machine().threeWays(`mount('${target}', { ensure: 'absent' })`, [`mount[${target}]`])
    assert.doesNotMatch(await on('cat', '/etc/fstab'), /scratch/)
  })

  test('mount: a bind, and what cannot be mounted leaves no line behind', async () => {
    await machine().threeWays(
      `directory('/srv/seen', {})
       mount('/srv/seen', { device: '/etc', fstype: 'none', options: ['bind', 'ro'] })`,
      ['directory[/srv/seen]', 'mount[/srv/seen]'],
    )
    assert.match(await on('ls', '/srv/seen/hostname'), /hostname/)
    const none = `directory('/srv/disk', {})\nmount('/srv/disk', { device: '/dev/no-such-disk', fstype: 'ext4' })`
    const { events } = await machine().converge(none)
    assert.match(events.map(told).join('\n'), /mount\[\/srv\/disk\] failed: mount .*no-such-disk/)
    assert.doesNotMatch(await on('cat', '/etc/fstab'), /no-such-disk/)
    const bare = `mount('/srv/nowhere', { device: 'tmpfs', fstype: 'tmpfs' })`
    assert.match(toldOnly(await machine().plan(bare)), /There is no directory \/srv\/nowhere to mount on/)
  })

  test('swap: refused by the file system of the lab, with no line for it, and never in the place of a file', async () => {
    const refused = await machine().converge(`swap('/srv/swapfile', { size: '8M' })`)
    assert.match(toldOnly(refused), /swapon .*Invalid argument The file system of a swap file must take one/)
    assert.equal(await on('stat', '-c', '%a %s', '/srv/swapfile'), '600 8388608')
    assert.doesNotMatch(await on('cat', '/etc/fstab'), /swapfile/)
    await on('sh', '-c', 'echo precious > /srv/letter')
    const over = `swap('/srv/letter', { size: '8M' })`
    assert.match(toldOnly(await machine().plan(over)), /\/srv\/letter holds something that is no swap/)
    assert.match(toldOnly(await machine().converge(over)), /\/srv\/letter holds something that is no swap/)
    assert.equal(await on('cat', '/srv/letter'), 'precious')
    await machine().threeWays(`swap('/srv/swapfile', { ensure: 'absent' })`, ['swap[/srv/swapfile]'])
  })

  test('swap: a file on a file system that takes one is used, made larger, and gone again', async (t) => {
    // Of all that a node has, only what is bound from the host lies on no overlay.
    const folder = '/usr/lib/trivet'
    const kind = await on('findmnt', '-n', '-o', 'FSTYPE', '--target', folder)
    if (kind !== 'ext4' && kind !== 'xfs') return t.skip(`the host's temporary files lie on ${kind}`)
    await on('mount', '-o', 'remount,bind,rw', folder)
    const path = `${folder}/${machine().node.name}.swap`
    try {
      await machine().threeWays(`swap('${path}', { size: '8M', priority: 5 })`, [`swap[${path}]`])
      assert.match(await on('cat', '/proc/swaps'), new RegExp(`^${path}\\s+file\\s+8188\\s+\\d+\\s+5$`, 'm'))
      await machine().threeWays(`swap('${path}', { size: '12M', priority: 7 })`, [`swap[${path}]`])
      assert.match(await on('cat', '/proc/swaps'), /12284\s+\d+\s+7$/m)
      assert.match(await on('cat', '/etc/fstab'), /\.swap\tnone\tswap\tsw,pri=7\t0\t0$/m)
      await on('swapoff', path)
      await machine().threeWays(`swap('${path}', { size: '12M', priority: 7 })`, [`swap[${path}]`])
      await machine().threeWays(`swap('${path}', { ensure: 'absent' })`, [`swap[${path}]`])
      assert.doesNotMatch(await on('cat', '/proc/swaps', '/etc/fstab'), /\.swap/)
    } finally {
      await machine().node.exec(['swapoff', path])
      await on('mount', '-o', 'remount,bind,ro', folder)
    }
  })
})
