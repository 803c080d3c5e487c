import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptance, type Machine } from '../../helpers/acceptance.ts'
import { toldOnly } from '../../helpers/told-only.ts'

/** A lab node may make neither cgroups nor keyrings, so containers are made without. What Docker itself does is as everywhere. */
const runtime = `#!/bin/sh
for word do
  shift
  set -- "$@" "$word"
  [ "$word" = create ] && set -- "$@" --no-new-keyring
done
exec crun --cgroup-manager=disabled "$@"
`
const daemon = { 'default-runtime': 'here', runtimes: { here: { path: '/usr/local/bin/crun-here' } } }

/** An image of nothing but busybox, as a file, since a lab reaches no registry. */
async function makeImage({ on }: Machine, name: string, page: string) {
  await on('mkdir', '-p', '/tmp/image/bin', '/tmp/image/www')
  await on('cp', '/bin/busybox', '/tmp/image/bin/')
  for (const applet of ['sh', 'httpd', 'sleep']) await on('ln', '-sf', 'busybox', `/tmp/image/bin/${applet}`)
  await on('sh', '-c', `echo ${page} > /tmp/image/www/page`)
  // The first process of a container is deaf to SIGTERM unless it listens, and httpd does not.
  const script = "trap 'exit 0' TERM; httpd -f -p 80 -h /www & wait"
  const command = `CMD ${JSON.stringify(['/bin/sh', '-c', script])}`
  await on('tar', '-C', '/tmp/image', '-cf', '/tmp/image.tar', '.')
  await on('docker', 'import', '--change', command, '/tmp/image.tar', name)
}

const declareWeb = (props: string) => `docker_container('web', { image: 'web:1.4', ports: ['8080:80'], ${props} })`

const declarePage = (text: string) => `docker_container('page', { image: 'web:1.4', volumes: ['/srv/web:/www'] })
  file('/srv/web/page', { content: '${text}\\n', notifies: { restart: 'docker_container[page]' } })`

function tests(machine: () => Machine) {
  const on = (...argv: string[]) => machine().on(...argv)
  const startedAt = () => on('docker', 'inspect', '--format', '{{.State.StartedAt}}', 'page')
  const page = () => on('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/page')

  test('docker is made ready', async () => {
    const { node } = machine()
    await node.write('/usr/local/bin/crun-here', runtime, '0755')
    await node.write('/etc/docker/daemon.json', JSON.stringify(daemon))
    await on('systemctl', 'restart', 'docker')
    await makeImage(machine(), 'web:1.4', 'from the image')
    await on('docker', 'image', 'save', '--output', '/srv/web-1.4.tar', 'web:1.4')
    await on('docker', 'image', 'rm', 'web:1.4')
    await node.write('/srv/web/page', 'from the machine\n')
  })

  test('docker_image and docker_container: their examples, an image from a file and what runs of it', async () => {
    await machine().example('docker_image')
    await machine().example('docker_container')
    assert.equal(await page(), 'from the machine')
    assert.match(await on('docker', 'inspect', '--format', '{{.Config.Env}}', 'web'), /WORKERS=4/)
  })

  test('docker_container is made anew for another declaration or image, and only started where it stopped', async () => {
    await machine().threeWays(declareWeb(''), ['docker_container[web]'])
    assert.equal(await page(), 'from the image')
    const id = await on('docker', 'inspect', '--format', '{{.Id}}', 'web')
    await on('docker', 'stop', '--time', '1', 'web')
    await machine().threeWays(declareWeb(''), ['docker_container[web]'])
    assert.equal(await on('docker', 'inspect', '--format', '{{.Id}}', 'web'), id)
    await makeImage(machine(), 'web:1.4', 'from a newer image')
    const { events } = await machine().threeWays(declareWeb(''), ['docker_container[web]'])
    assert.match(JSON.stringify(events), /"what":"image"/)
    assert.equal(await page(), 'from a newer image')
    const elsewhere = await machine().converge(declareWeb(`env: { A: 'b' }, volumes: ['/srv/web:/www:nosuch']`))
    assert.match(toldOnly(elsewhere), /container create .*invalid mode/s)
    assert.equal(await page(), 'from a newer image')
    await machine().threeWays(declareWeb('running: false'), ['docker_container[web]'])
    assert.equal(await on('docker', 'inspect', '--format', '{{.State.Status}}', 'web'), 'exited')
  })

  test('docker_container is restarted for a changed file, after it', async () => {
    await machine().converge(declarePage('one'))
    const before = await startedAt()
    await machine().threeWays(declarePage('two'), ['file[/srv/web/page]', 'restart docker_container[page]'])
    assert.notEqual(await startedAt(), before)
  })

  test('docker_container that falls over fails with its exit code and last lines, as one that cannot be pulled', async () => {
    const falls = `docker_container('faller', { image: 'web:1.4', restart: 'no', command: ['/bin/sh', '-c', 'echo no such disk; exit 3'] })`
    assert.match(
      toldOnly(await machine().converge(falls)),
      /Container faller did not stay up: it exited with 3\. Its last log lines:\nno such disk/,
    )
    const unknown = `docker_container('other', { image: 'registry.invalid/none:1' })`
    assert.match(toldOnly(await machine().converge(unknown)), /docker image pull .*registry\.invalid/)
    const noFile = `docker_image('other:1', { archive: '/srv/none.tar' })`
    assert.match(toldOnly(await machine().plan(noFile)), /failed: There is no \/srv\/none\.tar/)
    assert.match(toldOnly(await machine().converge(noFile)), /failed: There is no \/srv\/none\.tar/)
  })

  test('docker_container and docker_image go as they came', async () => {
    const gone = ['web', 'page', 'faller']
    await machine().threeWays(
      `${gone.map((name) => `docker_container('${name}', { ensure: 'absent' })`).join('\n')}
       docker_image('web:1.4', { ensure: 'absent' })`,
      [...gone.map((name) => `docker_container[${name}]`), 'docker_image[web:1.4]'],
    )
    assert.equal(await on('docker', 'ps', '--all', '--quiet'), '')
    await on('systemctl', 'stop', 'docker.socket', 'docker')
    assert.match(toldOnly(await machine().plan(`docker_image('web:1.4')`)), /unknown: docker does not answer/)
    assert.match(
      toldOnly(await machine().converge(`docker_image('web:1.4')`)),
      /failed: .*Cannot connect to the Docker daemon/,
    )
  })
}

const packages = ['docker.io', 'crun', 'busybox-static']
acceptance('docker', { packages: [...packages, 'docker-cli'], releases: ['trixie'] }, tests)
acceptance('docker', { packages, releases: ['bookworm'] }, tests)
