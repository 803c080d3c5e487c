import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { tempDir } from '../helpers/converges.ts'
import { argumentsOf, parseOptions } from './marathon/flags.ts'
import { durationMs, parseMesosFlags, specsOf } from './shared/mesos-flags.ts'

const master = specsOf('mesos-master')
const agent = specsOf('mesos-slave')
const good = ['--work_dir=/var/lib/mesos', '--quorum=2']

describe('flags of Mesos', () => {
  test('what is given wins over the environment, which wins over defaults', () => {
    const env = { MESOS_QUORUM: '3', MESOS_CLUSTER: 'fox', MESOS_NATIVE_JAVA_LIBRARY: '/x', PATH: '/bin' }
    const flags = parseMesosFlags(master, [...good, 'passed over'], env)
    assert.deepEqual([flags.quorum, flags.cluster, flags.port], ['2', 'fox', '5050'])
  })

  const refusals: [string, string[], RegExp][] = [
    ['an unknown flag', ['--quorum~=2'], /^Failed to load unknown flag 'quorum~'$/],
    ['a negated unknown flag', ['--no-such'], /^Failed to load unknown flag 'such' via 'no-such'$/],
    ['a flag given twice', [...good, '--quorum=2'], /^Flag 'quorum' is already loaded via name 'quorum'$/],
    [
      'a flag given again by its old name',
      ['--agent_ping_timeout=15secs', '--slave_ping_timeout=15secs'],
      /^Flag 'agent_ping_timeout' is already loaded/,
    ],
    ['a value after a blank', ['--quorum', '2'], /^Failed to load non-boolean flag 'quorum': Missing value$/],
    [
      'a negated flag that is no boolean',
      ['--no-quorum'],
      /^Failed to load non-boolean flag 'quorum' via 'no-quorum'$/,
    ],
    ['a negated flag with a value', ['--no-hostname_lookup=1'], /^Failed to load boolean flag 'hostname_lookup' via/],
    ['a word for a number', ['--quorum=two'], /^Failed to load flag 'quorum': Failed to load value 'two'/],
    ['a port beyond ports', ['--port=65536'], /^Failed to load flag 'port'/],
    ['5m for five minutes', ['--agent_reregister_timeout=5m'], /Invalid or unknown duration '5m'$/],
    ['yes for true', ['--quiet=yes'], /Expecting a boolean/],
    ['a file that is not there', ['--zk=file:///no/such'], /Error reading file '\/no\/such'/],
  ]
  for (const [what, argv, message] of refusals)
    test(`${what} is refused`, () => {
      assert.throws(() => parseMesosFlags(master, argv), { name: 'FlagError', message })
    })

  test('an agent without work_dir is refused, but may be asked for help', () => {
    assert.throws(() => parseMesosFlags(agent, []), { message: "Flag 'work_dir' is required, but it was not provided" })
    assert.equal(parseMesosFlags(agent, ['--help']).help, 'true')
  })

  test('a flag of former times is unknown', () => {
    assert.throws(() => parseMesosFlags(agent, ['--work_dir=/x', '--checkpoint']), /unknown flag 'checkpoint'/)
  })

  test('a flag of a master is unknown to an agent, and the other way round', () => {
    assert.throws(() => parseMesosFlags(agent, ['--quorum=2']), /unknown flag 'quorum'/)
    assert.throws(() => parseMesosFlags(master, ['--containerizers=docker,mesos']), /unknown flag 'containerizers'/)
  })

  test('file:// is the content of the file, without its line break', async (t) => {
    const file = join(await tempDir(t), 'zk')
    writeFileSync(file, 'zk://a:2181/mesos\n')
    assert.equal(parseMesosFlags(master, [`--zk=file://${file}`]).zk, 'zk://a:2181/mesos')
  })

  test('names may be in capitals, and booleans in four forms', () => {
    const flags = parseMesosFlags(master, ['--Quiet', '--no-hostname_lookup', '--log_auto_initialize=0'])
    assert.deepEqual([flags.quiet, flags.hostname_lookup, flags.log_auto_initialize], ['true', 'false', 'false'])
  })

  test('a duration is a number and a unit', () => {
    assert.deepEqual(['5mins', '1.5secs', '2weeks', '5m', '5'].map(durationMs), [
      300_000,
      1500,
      1_209_600_000,
      undefined,
      undefined,
    ])
  })
})

describe('options of Marathon', () => {
  const required = ['--master', 'zk://a:2181,b:2181/mesos']

  test('variables are options, those for apps are not', () => {
    const argv = argumentsOf({
      MARATHON_MASTER: 'zk://a:2181/mesos',
      MARATHON_DISABLE_HA: '',
      MARATHON_APP_ID: '/x',
      HOME: '/',
    })
    const options = parseOptions(argv)
    assert.deepEqual([options.master, options.ha, options.http_port], ['zk://a:2181/mesos', 'false', '8080'])
  })

  const refusals: [string, string[], RegExp][] = [
    ['no master', [], /^Required option 'master' not found$/],
    ['a variable that is none of Marathon', argumentsOf({ MARATHON_URL: 'x' }), /^Unknown option 'url'$/],
    [
      'an option given twice',
      [...required, '--http_port', '1', '--http_port', '2'],
      /'1 2' - you should provide exactly/,
    ],
    ['a toggle with a value', [...required, '--ha', 'false'], /^Excess arguments provided: 'false'$/],
    ['a word for a number', [...required, '--http_port=http'], /bad Int value/],
    ['what 1.5 took away', [...required, '--event_subscriber', 'http_callback'], /^Unknown option 'event_subscriber'$/],
    ['no zk URL', [...required, '--zk', 'a:2181'], /ZooKeeper URL/],
    ['a choice that is none', [...required, '--new_group_enforce_role', 'bottom'], /should be one of off\|top/],
  ]
  for (const [what, argv, message] of refusals)
    test(`${what} is refused`, () => {
      assert.throws(() => parseOptions(argv), { name: 'OptionError', message })
    })
})
