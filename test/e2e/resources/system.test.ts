import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance } from '../../helpers/acceptance.ts'
import { toldOnly } from '../../helpers/told-only.ts'

acceptance('system', { packages: ['kmod', 'locales', 'nftables', 'tzdata'] }, (machine) => {
  const on = (...argv: string[]) => machine().on(...argv)

  test('timer: its example, a command that systemd hands on word for word, another calendar, and its end', async () => {
    await machine().example('timer')
    const words = ['a b', '"q"', "it's", '%h', '$HOME', 'back\\slash', 'two\nlines', ';', '']
    const declare = (calendar: string, ...more: string[]) =>
      `user('writer', {})
       timer('words', { calendar: ${calendar}, argv: ${JSON.stringify(['/usr/bin/printf', '<%s>', ...words, ...more])}, user: 'writer', cwd: '/tmp' })
       service('words.timer', { running: true, enabled: true })
       service('words', {})`
    await machine().threeWays(declare("'Mon..Fri 03:00'"), ['user[writer]', 'timer[words]'])
    await on('systemctl', 'start', 'words.service')
    await on('journalctl', '--sync')
    const said = await on('journalctl', '-u', 'words.service', '_TRANSPORT=stdout', '-o', 'cat', '--no-pager')
    assert.match(said, /<a b><"q"><it's><%h><\$HOME><back\\slash><two\nlines><;><>/)

    await machine().threeWays(declare("['Sat 05:00', 'Sun 06:00']", 'more'), ['timer[words]'])
    assert.match(
      await on('systemctl', 'show', '-P', 'TimersCalendar', 'words.timer'),
      /Sun \*-\*-\* 06:00.*Sat \*-\*-\* 05:00/s,
    )
    await on('systemctl', 'disable', '--now', 'words.timer')
    await machine().threeWays(declare("['Sat 05:00', 'Sun 06:00']", 'more'), ['timer[words]'])
    assert.equal(await on('systemctl', 'is-active', 'words.timer'), 'active')

    const wrong = `timer('words', { calendar: 'Blursday', argv: ['true'] })`
    assert.match(toldOnly(await machine().plan(wrong)), /systemd does not take the calendar/)
    assert.match(toldOnly(await machine().converge(wrong)), /systemd does not take the calendar.*Blursday/)
    await machine().threeWays(`timer('words', { ensure: 'absent' })`, ['timer[words]'])
    assert.equal(await on('systemctl', 'show', '-P', 'LoadState', 'words.timer'), 'not-found')
  })

  test('sysctl: live and at boot, and what a container may not set is refused as planned', async () => {
    await machine().example('sysctl')
    assert.equal(await on('cat', '/proc/sys/net/ipv4/tcp_keepalive_time'), '600')
    await on('sh', '-c', 'echo 700 > /proc/sys/net/ipv4/tcp_keepalive_time')
    await machine().threeWays(`sysctl('net.ipv4.tcp_keepalive_time', { value: 600 })`, [
      'sysctl[net.ipv4.tcp_keepalive_time]',
    ])
    const readOnly = `sysctl('vm.swappiness', { value: 11 })`
    assert.match(toldOnly(await machine().plan(readOnly)), /vm\/swappiness is read-only in this node/)
    assert.match(toldOnly(await machine().converge(readOnly)), /vm\/swappiness is read-only in this node/)
    const unknown = `sysctl('net.ipv4.no_such_key', { value: 1 })`
    assert.match(toldOnly(await machine().converge(unknown)), /has no \/proc\/sys\/net\/ipv4\/no_such_key/)
    const wrong = `sysctl('net.ipv4.tcp_keepalive_time', { value: 'soon' })`
    assert.match(toldOnly(await machine().converge(wrong)), /did not take soon for net.ipv4.tcp_keepalive_time/)
    await machine().threeWays(`sysctl('net.ipv4.tcp_keepalive_time', { ensure: 'absent' })`, [
      'sysctl[net.ipv4.tcp_keepalive_time]',
    ])
  })

  test('kernel_module: what is built in counts as loaded, and what cannot be loaded is told as planned', async () => {
    // As the package of a kernel that has them built in would have it: a lab node has none, nor the host's /sys/module.
    const builtIn = 'kernel/fs/overlayfs/overlay.ko\\nkernel/drivers/block/loop.ko\\n'
    await on(
      'sh',
      '-c',
      `mkdir -p /lib/modules/$(uname -r) && printf '${builtIn}' > /lib/modules/$(uname -r)/modules.builtin`,
    )
    await machine().example('kernel_module')
    assert.equal(await on('cat', '/etc/modprobe.d/trivet-loop.conf'), 'options loop max_loop=32')
    const none = `kernel_module('no_such_module')`
    assert.match(toldOnly(await machine().plan(none)), /no_such_module.* in a container, load it on the host/s)
    assert.match(toldOnly(await machine().converge(none)), /no_such_module.* in a container, load it on the host/s)
    await machine().threeWays(`kernel_module('pcspkr', { ensure: 'absent', blacklist: true })`, [
      'kernel_module[pcspkr]',
    ])
    assert.match(await on('modprobe', '--showconfig'), /^blacklist pcspkr$/m)
  })

  test('hostname, timezone and locale: live, and for what starts later', async () => {
    await machine().example('hostname')
    assert.equal(await on('hostnamectl', 'hostname'), 'web-1.example.net')
    await machine().example('timezone')
    assert.equal(await on('date', '-d', '2026-07-01 12:00 UTC', '+%H %Z'), '13 WEST')
    const nowhere = `timezone('Europe/Atlantis')`
    assert.match(toldOnly(await machine().plan(nowhere)), /There is no zone Europe\/Atlantis/)
    assert.match(toldOnly(await machine().converge(nowhere)), /There is no zone Europe\/Atlantis/)
    await machine().example('locale')
    assert.match(await on('locale', '-a'), /^pt_PT\.utf8$/m)
    assert.match(await on('cat', '/etc/default/locale'), /^LANG=pt_PT\.UTF-8$/m)
    await machine().threeWays(`locale('pt_PT.UTF-8', { ensure: 'absent' })\nlocale('C.UTF-8', { default: true })`, [
      'locale[pt_PT.UTF-8]',
      'locale[C.UTF-8]',
    ])
    assert.doesNotMatch(await on('locale', '-a'), /pt_PT/)
    assert.match(toldOnly(await machine().converge(`locale('xx_XX.UTF-8')`)), /There is no xx_XX\.UTF-8/)
  })

  test('alternatives: registered, chosen, chosen by priority, and off the list', async () => {
    await machine().example('alternatives')
    assert.equal(
      await on('readlink', '/etc/alternatives/dump', '/usr/local/bin/dump'),
      '/usr/bin/od\n/etc/alternatives/dump',
    )
    await on('update-alternatives', '--install', '/usr/local/bin/dump', 'dump', '/bin/cat', '90')
    await machine().threeWays(`alternatives('dump', {})\nlink('/srv/dump', { target: '/bin/cat' })`, [
      'alternatives[dump]',
      'link[/srv/dump]',
    ])
    assert.equal(await on('readlink', '/etc/alternatives/dump'), '/bin/cat')
    await machine().threeWays(`alternatives('dump', { ensure: 'absent', path: '/bin/cat' })`, ['alternatives[dump]'])
    assert.equal(await on('readlink', '/etc/alternatives/dump'), '/usr/bin/od')
    const unknown = `alternatives('dump', { path: '/bin/ls' })`
    assert.match(
      toldOnly(await machine().plan(unknown)),
      /\/bin\/ls is not registered: for dump there is \/usr\/bin\/od/,
    )
    assert.match(
      toldOnly(await machine().converge(unknown)),
      /\/bin\/ls is not registered: for dump there is \/usr\/bin\/od/,
    )
  })

  test('what is set is there after a reboot, with nothing left to do', async () => {
    const body = `sysctl('net.ipv4.tcp_keepalive_time', { value: 600 })
      hostname('web-1.example.net')
      timezone('Europe/Lisbon')
      locale('pt_PT.UTF-8', { default: true })
      mount('/mnt', { device: 'tmpfs', fstype: 'tmpfs', options: ['size=16m', 'nosuid'] })
      nftables('/etc/nftables.d/web.nft', { content: 'table inet web {\\n}\\n' })
      timer('trim', { calendar: 'Sun 04:30', argv: ['true'] })
      alternatives('pager', { path: '/bin/more' })`
    await machine().converge(body)
    await machine().node.reboot()
    const { events, run } = await machine().converge(body)
    assert.deepEqual(events, [])
    assert.equal(run.counts.unchanged, 8)
  })
})
