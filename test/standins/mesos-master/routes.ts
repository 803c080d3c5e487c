import { type Answer, type Call, ok, type Route } from '../shared/http.ts'
import type { ReplicatedLog } from './replicated-log.ts'
import { type Shown, showFrameworks, showMetrics, showSlaves, showState, showTask } from './views.ts'

/** Each stands at /x and at /master/x. */
const at = (name: string) => new RegExp(`^(?:/master)?/${name}$`)

const get = (path: RegExp, answer: (call: Call) => Answer): Route => ({ method: '*', path, handler: answer })

export function routesOf(shown: Shown, registry: ReplicatedLog): Route[] {
  const ofLeader = (name: string, answer: (call: Call) => Answer) =>
    get(at(name), (call) => (shown.electedAt === undefined ? toLeader(shown, call) : answer(call)))
  return [
    get(at('health'), () => ok()),
    get(at('redirect'), () => redirect(shown, '')),
    get(at('flags'), () => ok({ flags: shown.flags })),
    get(/^\/version$/, () => ok({ version: '1.11.0', build_user: 'stand-in' })),
    get(/^\/metrics\/snapshot$/, () => ok(showMetrics(shown))),
    ofLeader('state', () => ok(showState(shown))),
    ofLeader('state-summary', () => {
      const { hostname, slaves, frameworks } = showState(shown)
      return ok({ hostname, ...(shown.flags.cluster && { cluster: shown.flags.cluster }), slaves, frameworks })
    }),
    ofLeader('slaves', () => ok(showSlaves(shown.cluster))),
    ofLeader('frameworks', () => ok(showFrameworks(shown.cluster))),
    ofLeader('roles', () => ok({ roles: [] })),
    ofLeader('tasks', () => ok({ tasks: shown.cluster ? [...shown.cluster.tasks.values()].map(showTask) : [] })),
    ofLeader('teardown', (call) => teardown(shown, call)),
    {
      method: 'POST',
      path: /^\/stand-in\/replica$/,
      handler: ({ body }) => ok(registry.answer(JSON.parse(body))),
    },
  ]
}

function teardown({ cluster }: Shown, { method, body }: Call): Answer {
  if (method !== 'POST') return { status: 405 }
  const id = new URLSearchParams(body).get('frameworkId')
  if (id === null) return { status: 400, body: "Missing 'frameworkId' query parameter" }
  return cluster?.teardown(id, 'an operator wanted it')
    ? ok()
    : { status: 400, body: 'No framework found with specified ID' }
}

function toLeader(shown: Shown, { request }: Call) {
  return redirect(shown, request.url ?? '/')
}

/** Without a scheme, as Mesos does it: whoever asked by https stays there. */
function redirect({ leader }: Shown, path: string): Answer {
  if (!leader) return { status: 503, body: 'No leader elected' }
  return { status: 307, headers: { location: `//${leader.hostname}:${leader.address.port}${path}` } }
}
