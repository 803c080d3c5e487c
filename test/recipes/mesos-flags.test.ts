import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterCatalog, refusal } from './cluster.ts'

const master = (flags: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  refusal('m1', { 'mesos-master.flags': flags, ...more })
const slave = (flags: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  refusal('s11', { 'mesos-slave.flags': flags, ...more })
const marathon = (flags: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  refusal('m1', { 'marathon.flags': flags, ...more })

test('a flag that the version does not have is refused with the one that was meant', () => {
  assert.match(
    master({ max_agent_ping_timeout: 3 }),
    /mesos-master\.flags\.max_agent_ping_timeout: mesos-master 1\.11\.0 has no such flag, and would not start\. Did you mean max_agent_ping_timeouts\?/,
  )
  assert.match(slave({ checkpoint: true }), /mesos-slave 1\.11\.0 has no such flag/)
  assert.match(master({ containerizers: 'docker' }), /mesos-master 1\.11\.0 has no such flag/)
  assert.match(marathon({ event_subscriber: 'http_callback' }), /marathon 1\.10\.26 has no such flag/)
  assert.match(marathon({ new_group_enforce_role: 'top' }, { 'marathon.version': '1.8.244' }), /has no such flag/)
})

test('a value that is not of the type is refused with the type', () => {
  for (const [flags, told] of [
    [{ offer_timeout: '5m' }, /must be a number and one of ns, .* such as 5mins, not "5m" \(its type is duration\)/],
    [{ quiet: 'yes' }, /must be true or false, not "yes" \(its type is boolean\)/],
    [{ max_completed_frameworks: 'many' }, /must be a whole number/],
    [{ offer_constraints_re2_max_mem: '64M' }, /must be a number and one of B, KB, MB, GB and TB/],
    [{ acls: '{' }, /must be JSON/],
    [{ credentials: 'secret' }, /must be an absolute path/],
    [{ hostname: '' }, /must not be empty: leave it out/],
    [{ cluster: 'a\nb' }, /must be one line/],
  ] as const)
    assert.match(master(flags), told)
  assert.match(slave({ nvidia_gpu_devices: '1;2' }), /must be whole numbers with commas/)
  assert.match(marathon({ gpu_scheduling_behavior: 'some' }), /must be one of restricted, unrestricted/)
  assert.match(marathon({ https_port: 'x' }), /must be a whole number/)
  assert.match(marathon({ disable_http: false }), /must be true, or left out/)
})

test('all that is wrong is told at once', () => {
  const told = master({ quorm: 2, offer_timeout: '5m' })
  assert.match(told, /quorm.*\n.*offer_timeout/)
})

test('what the recipe or /etc/default sets is refused, since given twice it would be an error of the daemon', () => {
  assert.match(master({ quorum: 1 }), /quorum: is set by the recipe: it follows from the number of masters/)
  assert.match(master({ zk: 'zk://a:1/b' }), /zk: is set by the recipe/)
  assert.match(
    master({ log_dir: '/tmp' }),
    /log_dir: is set by the recipe: set mesos\.logDir, as \/etc\/default\/mesos has it/,
  )
  assert.match(slave({ master: 'a' }), /master: is set by the recipe/)
  assert.match(slave({ attributes: 'a:b' }), /set mesos-slave\.attributes, by the name of each/)
  assert.match(marathon({ zk: 'zk://a:1/b' }), /zk: is set by the recipe: set marathon\.zkPath/)
})

test('an old name is taken and written as the new one, and both are refused', () => {
  const { props } = clusterCatalog('m1', { 'mesos-master.flags': { slave_ping_timeout: '20secs' } }).get(
    'directory[/etc/mesos-master]',
  )
  const names = Object.keys({ ...Object(props.content) })
  assert(names.includes('agent_ping_timeout') && !names.includes('slave_ping_timeout'))
  assert.match(
    master({ slave_ping_timeout: '20secs', agent_ping_timeout: '20secs' }),
    /slave_ping_timeout: is the old name of agent_ping_timeout, which is set too/,
  )
})

test('the vocabulary of 2014 is that of its version', () => {
  const then = { 'mesos.version': '0.21.0' }
  assert.match(master({ agent_ping_timeout: '20secs' }, then), /mesos-master 0\.21\.0 has no such flag/)
  assert.match(slave({ resource_monitoring_interval: '5' }, then), /its type is duration/)
  const { props } = clusterCatalog('s11', { ...then, 'mesos-slave.flags': { checkpoint: true } }).get(
    'directory[/etc/mesos-slave]',
  )
  const names = Object.keys({ ...Object(props.content) })
  assert(names.includes('checkpoint') && !names.includes('launcher'), 'launcher came later')
  assert.match(marathon({ zk_compression: true }, { 'marathon.version': '0.7.3' }), /marathon 0\.7\.3 has no such flag/)
})
