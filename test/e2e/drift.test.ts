import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../lab/run.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import { eventsOf, fleetOfSuite, onNode, runsOf, sourcesOf } from '../helpers/fleet.ts'

const recipe = `import { defineRecipe } from 'trivet/recipe'
export default defineRecipe({ declare({ directory, file, service, systemd_unit }) {
  directory('/srv/many', {})
  for (let n = 0; n < 1000; n++) file(\`/srv/many/\${n}\`, { content: \`content of \${n}\\n\`, mode: '0644' })
  file('/srv/fought', { content: 'ours\\n', mode: '0640' })
  systemd_unit('idler.service', { content: '[Service]\\nExecStart=/usr/bin/sleep infinity\\n', notifies: { restart: 'service[idler]' } })
  service('idler', { running: true })
  systemd_unit('crasher.service', { content: '[Service]\\nExecStart=/usr/bin/sleep infinity\\n' })
  service('crasher', { running: true, settleMs: 100 })
} })
`
const sources = sourcesOf({
  'recipes/watched/watched.ts': recipe,
  'roles/watched.ts': `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['watched'], watch: true })\n`,
})

describe('drift as it happens', { skip: whyNoLab() ?? false }, () => {
  const fleet = fleetOfSuite({ count: 1, name: 'e2e-drift', recipes: sources.recipes, roles: sources.roles })
  const node = () => {
    const [one] = fleet().lab.nodes
    assert(one)
    return one
  }
  const sh = (script: string) => onNode(node(), 'sh', '-c', script)

  /** What drift runs told since then. */
  async function told(since: number): Promise<ResourceEvent[]> {
    const runs = (await runsOf(fleet(), node())).filter(
      ({ trigger, startedAt }) => trigger === 'drift' && startedAt >= since,
    )
    return (await Promise.all(runs.map(({ id }) => eventsOf(fleet(), id)))).flat()
  }
  const hears = (since: number, what: string, holds: (events: ResourceEvent[]) => boolean) =>
    until(what, async () => holds(await told(since)), 20_000)
  const now = async () => Number(await sh('date +%s%3N')) - 1

  test('a file that is changed, removed or given other permissions is repaired and told as drift', async () => {
    await fleet().mustTrivet('node', 'assign', node().name, 'watched')
    await until(
      'the node has converged',
      async () => (await runsOf(fleet(), node())).some(({ outcome }) => outcome === 'changed'),
      60_000,
    )
    const since = await now()
    await sh(`echo theirs > /srv/many/7; rm /srv/many/8; chmod 0777 /srv/many/9
      for i in $(seq 500); do grep -q ours /srv/fought && grep -q 'content of 7' /srv/many/7 && [ -e /srv/many/8 ] && [ "$(stat -c %a /srv/many/9)" = 644 ] && exit 0; sleep 0.01; done; exit 1`)
    await hears(since, 'three repairs are told', (events) => events.length === 3)
    for (const event of await told(since)) assert.equal('cause' in event && event.cause, 'drift', event.id)
  })

  test('a thousand files that drift at once are repaired within a second or little more', async () => {
    const since = await now()
    await sh(`cd /srv/many && for n in $(seq 0 999); do echo theirs > $n; done
      for i in $(seq 300); do grep -q theirs * || exit 0; sleep 0.01; done; exit 1`)
    await hears(since, 'a thousand repairs are told', (events) => events.length === 1000)
  })

  test('a folder that was removed comes back with all that was in it', async () => {
    await sh(
      `rm -r /srv/many; for i in $(seq 500); do [ "$(ls /srv/many 2>/dev/null | wc -l)" = 1000 ] && exit 0; sleep 0.01; done; exit 1`,
    )
    await sh(
      `echo theirs > /srv/many/3; for i in $(seq 500); do grep -q 'content of 3' /srv/many/3 && exit 0; sleep 0.01; done; exit 1`,
    )
  })

  test('a unit that stops is started, and one whose file changes is restarted', async () => {
    const since = await now()
    await sh('systemctl stop idler')
    await hears(since, 'the start is told', (events) =>
      events.some(({ id, outcome }) => id === 'service[idler]' && outcome === 'changed'),
    )
    const pid = await sh('systemctl show -P MainPID idler')
    await sh('echo >> /etc/systemd/system/idler.service')
    await until(
      'idler has been restarted',
      async () => ![pid, '0'].includes(await sh('systemctl show -P MainPID idler')),
      20_000,
    )
  })

  test('a fight is told with who seems to write, and not fought for ever', async () => {
    const since = await now()
    await sh(
      `printf 'while :; do echo theirs > /srv/fought; sleep 0.01; done\\n' > /root/fighter.sh; systemd-run --unit=fighter --quiet sh /root/fighter.sh`,
    )
    await hears(since, 'it is told as flapping', (events) =>
      events.some(({ id, outcome }) => id === 'file[/srv/fought]' && outcome === 'deferred'),
    )
    await sh('systemctl stop fighter')
    const events = (await told(since)).filter(({ id }) => id === 'file[/srv/fought]')
    const flapping = events.filter(({ outcome }) => outcome === 'deferred')
    assert.equal(flapping.length, 1)
    assert.match(JSON.stringify(flapping), /flapping: .*process \d+ \(.*sh \/root\/fighter\.sh\) seems to write it/)
    assert(events.length < 60, `it was repaired ${events.length} times`)
  })

  test('a service that ends by itself again and again is started five times, then told and left alone', async () => {
    const since = await now()
    await sh(`mkdir -p /run/systemd/system/crasher.service.d
      printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/sleep 0.5\\n' > /run/systemd/system/crasher.service.d/short.conf
      systemctl daemon-reload && systemctl restart crasher`)
    const ofIt = async () => (await told(since)).filter(({ id }) => id === 'service[crasher]')
    await until(
      'it is told as flapping',
      async () => (await ofIt()).some(({ outcome }) => outcome === 'deferred'),
      60_000,
    )
    const events = await ofIt()
    assert.match(JSON.stringify(events), /flapping: .*journalctl -u crasher\.service tells why/)
    assert.equal(events.filter(({ outcome }) => outcome === 'changed').length, 5)
  })
})
