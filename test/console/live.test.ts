import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { api } from '../../protocol/api.ts'
import { noBrowser } from '../helpers/browser.ts'
import { assertAccessible, openConsole, signIn } from '../helpers/console.ts'
import * as fleet from '../helpers/lively-fleet.ts'
import { serve } from '../helpers/test-server.ts'

describe('live', { skip: noBrowser }, () => {
  test('what happens is shown as it happens, without being asked for', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    const page = await openConsole(t, `${served.url}/nodes`)
    await signIn(page, served.token)
    await page.getByText('live', { exact: true }).waitFor()
    const row = page.getByRole('row', { name: 'web-1' })
    await row.getByText('new', { exact: true }).waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await fleet.runOn(agent, fleet.failedRun, [fleet.broken])
    await row.getByText('failed').waitFor()
    if (asked.includes('/api/nodes')) throw new Error('The whole list was read again for one node.')
    await fleet.joinNode(served, 'web-2')
    await page.getByRole('row', { name: 'web-2' }).waitFor()
  })

  test('a run is watched from its midst on, resource by resource, and is there when it is over', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    const run = randomUUID()
    agent.send({ type: 'started', run, orders: [], mode: 'converge', resources: 65 })
    agent.send({ type: 'progress', run, unchanged: 12, events: [fleet.edited] })
    const page = await openConsole(t, `${served.url}/nodes/web-1`)
    await signIn(page, served.token)
    await page.getByRole('heading', { name: 'Running now' }).waitFor()
    await page.getByRole('link', { name: 'Watch it' }).click()
    await page.waitForURL(`**/runs/${run}`)
    await page.getByText('13/65').waitFor()
    await page.getByText('file[/etc/haproxy/haproxy.cfg]').waitFor()
    await assertAccessible(page, 'a run under way')
    agent.send({ type: 'progress', run, unchanged: 0, events: [fleet.restarted] })
    await page.getByText('reload service[haproxy]').waitFor()
    await fleet.runOn(agent, { ...fleet.changedRun, id: run }, [fleet.edited, fleet.restarted])
    await page.getByText('61 resources unchanged').waitFor()
  })

  test('a page that is cut off says so, asks by itself, and catches up when it is connected again', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    const cable = await cableTo(t, served.url)
    const page = await openConsole(t, `${cable.url}/nodes/web-1`)
    await signIn(page, served.token)
    await page.getByText('live', { exact: true }).waitFor()
    await page.context().route('**/api/events*', (route) => route.abort())
    cable.cut()
    await page.getByText('Not live since').waitFor()
    await assertAccessible(page, 'cut off')
    await fleet.runOn(agent, fleet.failedRun, [fleet.broken])
    await page.getByText('Address already in use').waitFor()
    await page.context().unroute('**/api/events*')
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByText('Not live since').waitFor({ state: 'detached' })
    await served.client.call(api.assignRoles, { node: 'web-1', roles: ['pair'] })
    await page.getByRole('link', { name: 'pair' }).waitFor()
  })

  test('history tells of newer runs, and leaves the rows where they are', async (t) => {
    const served = await serve(t)
    const { agent } = await fleet.joinNode(served, 'web-1')
    await fleet.runOn(agent, fleet.failedRun, [fleet.broken])
    const page = await openConsole(t, `${served.url}/history`)
    await signIn(page, served.token)
    await page.getByRole('row', { name: 'web-1' }).waitFor()
    await fleet.runOn(agent, fleet.changedRun, [fleet.edited])
    await page.getByText('1 run has ended since.').waitFor()
    await page.getByRole('button', { name: 'Search again' }).click()
    await page.getByRole('row', { name: 'web-1' }).nth(1).waitFor()
    await page.getByText('ended since').waitFor({ state: 'detached' })
  })
})

/** A way to the server that can be cut, for all that goes over it at that time. */
async function cableTo(t: TestContext, url: string) {
  const { hostname, port } = new URL(url)
  const ends = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    near.pipe(far).pipe(near)
    for (const end of [near, far]) {
      ends.add(end)
      end.on('error', () => end.destroy())
      end.on('close', () => {
        ends.delete(end)
        near.destroy()
        far.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => ends.forEach((end) => end.destroy())
  t.after(() => {
    cut()
    server.close()
  })
  const address = server.address()
  const own = typeof address === 'object' && address ? address.port : 0
  return { url: `https://127.0.0.1:${own}`, cut }
}
