import assert from 'node:assert/strict'
import { test } from 'node:test'
import { declarationOf, Props } from '../../resources/docker/declaration.ts'
import { dockerContainer } from '../../resources/docker-container.ts'
import { dockerImage } from '../../resources/docker-image.ts'
import { assertConverges, FakeHost, shown } from '../helpers/converges.ts'

const image = 'registry.example.net/web:1.4'
const said = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' })
const failed = (stderr: string, exitCode = 1) => ({ exitCode, stdout: '', stderr })

interface Container {
  status: string
  image: string
  declaration: string
}

/** Docker with images and containers by name. */
class DockerHost extends FakeHost {
  images = new Map<string, string>()
  containers = new Map<string, Container>()
  refusesToCreate = false
  /** What becomes of a container that is started. */
  exits: number | undefined

  override async run(argv: string[]) {
    await super.run(argv)
    if (argv[0] === 'timeout') return this.exits === undefined ? failed('', 124) : said(`${this.exits}\n`)
    const [, kind, verb] = argv
    const name = argv.at(-1) ?? ''
    return kind === 'image' ? this.#image(verb, name) : this.#container(verb, argv)
  }

  #image(verb: string | undefined, name: string) {
    if (verb === 'inspect') return this.#answer(this.images.get(name))
    if (verb === 'pull') this.images.set(name, 'sha256:1')
    if (verb === 'rm') this.images.delete(name)
    return said('')
  }

  #container(verb: string | undefined, argv: string[]) {
    const name = argv.at(-1) ?? ''
    const there = this.containers.get(verb === 'rename' ? (argv.at(-2) ?? '') : name)
    if (verb === 'inspect') return this.#answer(there && `${there.status} ${there.image} ${there.declaration}`)
    if (verb === 'logs') return said('no such disk\n')
    if (verb === 'rm') this.containers.delete(name)
    if (verb === 'start' && there) there.status = this.exits === undefined ? 'running' : 'exited'
    if (verb === 'stop' && there) there.status = 'exited'
    if (verb === 'rename' && there) {
      if (this.containers.has(name)) return failed(`Conflict. The container name ${name} is already in use`)
      this.containers.set(name, there)
      this.containers.delete(argv.at(-2) ?? '')
    }
    if (verb === 'create') {
      if (this.refusesToCreate) return failed('network nowhere not found')
      const declaration = argv.find((word) => word.startsWith('trivet.declaration='))?.split('=')[1] ?? ''
      const made = argv[argv.indexOf('--name') + 1] ?? ''
      this.containers.set(made, { status: 'created', image: this.images.get(image) ?? '', declaration })
    }
    return said('')
  }

  #answer(found: string | undefined) {
    return found === undefined ? failed('Error response from daemon: No such object: x') : said(`${found}\n`)
  }
}

const lookless = (host: FakeHost) => host.commands.filter((line) => !line.includes(' inspect '))

test('docker_image is pulled where it is missing, and removed', async () => {
  const host = new DockerHost()
  await assertConverges(dockerImage, image, {}, host, ['ensure: absent → present'])
  await assertConverges(dockerImage, image, { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(lookless(host), [`docker image pull --quiet -- ${image}`, `docker image rm -- ${image}`])
})

test('docker_image says exactly which one it is', () => {
  const digest = `web@sha256:${'a'.repeat(64)}`
  for (const name of ['nginx:1', 'localhost:5000/a/web:x', digest])
    assert(dockerImage.name.safeParse(name).success, name)
  for (const name of ['nginx', 'localhost:5000/web', '-x:1', 'a b:1', 'web@sha256:12'])
    assert(!dockerImage.name.safeParse(name).success, name)
  const loaded = dockerImage.props.parse({ archive: '/srv/web.tar' })
  assert.match(dockerImage.problem?.(digest, loaded, {}) ?? '', /knows tags and no digests/)
})

test('docker_container pulls, makes and starts, and is made anew only when the declaration is another', async () => {
  const host = new DockerHost()
  const props = { image, command: ['serve', '--x'] as [string, ...string[]], env: { A: 'b c' }, ports: ['80:80'] }
  const declaration = declarationOf(Props.parse(props))
  await assertConverges(dockerContainer, 'web', props, host, ['ensure: absent → present', 'running: false → true'])
  assert.deepEqual(lookless(host), [
    `docker image pull --quiet -- ${image}`,
    `docker container create --name web.trivet-next --label trivet.declaration=${declaration} --restart unless-stopped --env A=b c --publish 80:80 -- ${image} serve --x`,
    'docker container rename -- web.trivet-next web',
    'docker container start -- web',
    'timeout 1 docker container wait -- web',
  ])
  host.commands = []
  const other = { ...props, env: { A: 'd' }, network: 'host', user: '33' }
  await assertConverges(dockerContainer, 'web', other, host, [
    `declaration: ${declaration} → ${declarationOf(Props.parse(other))}`,
  ])
  assert.deepEqual(
    lookless(host).map((line) => line.split(' ').slice(1, 3).join(' ')),
    ['container create', 'container stop', 'container rm', 'container rename', 'container start', '1 docker'],
  )
  const same = Props.parse({ ...other, settleMs: 5, running: false })
  assert.deepEqual(shown(await dockerContainer.check('web', same, host)), ['running: true → false'])
})

test('docker_container is made anew when its tag means another image, and only started where it stopped', async () => {
  const host = new DockerHost()
  await assertConverges(dockerContainer, 'web', { image }, host, ['ensure: absent → present', 'running: false → true'])
  host.images.set(image, 'sha256:2')
  await assertConverges(dockerContainer, 'web', { image }, host, ['image: sha256:1 → sha256:2'])
  const made = host.containers.get('web')
  assert(made)
  made.status = 'exited'
  host.commands = []
  await assertConverges(dockerContainer, 'web', { image, settleMs: 0 }, host, ['running: false → true'])
  assert.deepEqual(lookless(host), ['docker container start -- web'])
  await assertConverges(dockerContainer, 'web', { image, running: false }, host, ['running: true → false'])
  await assertConverges(dockerContainer, 'web', { ensure: 'absent' }, host, ['ensure: present → absent'])
})

test('docker_container goes on as it is where Docker refuses the new one, and mends what a killed agent left', async () => {
  const host = new DockerHost()
  await assertConverges(dockerContainer, 'web', { image }, host, ['ensure: absent → present', 'running: false → true'])
  const want = Props.parse({ image, network: 'nowhere' })
  const changes = await dockerContainer.check('web', want, host)
  host.refusesToCreate = true
  await assert.rejects(async () => dockerContainer.apply('web', want, host, changes), /network nowhere not found/)
  assert.equal(host.containers.get('web')?.status, 'running')
  host.refusesToCreate = false
  host.containers.set('web.trivet-next', { status: 'created', image: '', declaration: 'old' })
  host.containers.delete('web')
  await assertConverges(dockerContainer, 'web', { image }, host, ['ensure: absent → present', 'running: false → true'])
  assert.deepEqual([...host.containers.keys()], ['web'])
})

test('docker_container that ends at once fails with its exit code and last lines', async () => {
  const host = new DockerHost()
  host.exits = 3
  const want = Props.parse({ image })
  await assert.rejects(
    async () => dockerContainer.apply('web', want, host, await dockerContainer.check('web', want, host)),
    /Container web did not stay up: it exited with 3\. Its last log lines:\nno such disk/,
  )
})

test('docker_container is restarted when told, unless it is to stand still', async () => {
  const host = new DockerHost()
  await dockerContainer.actions?.restart?.('web', host, Props.parse({ image }))
  assert.deepEqual(lookless(host).slice(0, 2), ['docker container stop -- web', 'docker container start -- web'])
  host.commands = []
  await dockerContainer.actions?.restart?.('web', host, Props.parse({ image, running: false }))
  assert.deepEqual(host.commands, [])
  assert.deepEqual(dockerContainer.satisfies?.([{ what: 'running', from: 'false', to: 'true' }]), ['restart'])
})

test('docker that is not there, or does not answer, is a difference; what it complains of is an error', async () => {
  const missing = new FakeHost()
  missing.run = async () => {
    throw new Error('docker cannot be started', { cause: Object.assign(new Error('x'), { code: 'ENOENT' }) })
  }
  const silent = new FakeHost()
  silent.run = async () => failed('Cannot connect to the Docker daemon at unix:///var/run/docker.sock.')
  for (const host of [missing, silent]) {
    assert.deepEqual(shown(await dockerImage.check(image, dockerImage.props.parse({}), host)), [
      'ensure: absent → present',
    ])
  }
  silent.run = async () => failed('permission denied')
  await assert.rejects(async () => dockerImage.check(image, dockerImage.props.parse({}), silent), /permission denied/)
})

test('docker_container takes nothing that docker would read as an option', () => {
  const refused = [
    { image, network: '--privileged' },
    { image, volumes: ['--privileged'] },
    { image, volumes: ['/srv:relative'] },
    { image, ports: ['80'] },
    { image: '--privileged:1' },
    { image, env: { 'A=B': 'c' } },
  ]
  for (const props of refused) assert(!Props.safeParse(props).success, JSON.stringify(props))
  assert.match(dockerContainer.problem?.('web', Props.parse({}), {}) ?? '', /needs an image/)
})
