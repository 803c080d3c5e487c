import { ok, type Route } from '../shared/http.ts'
import type { EventStreams } from './events.ts'
import type { Options } from './flags.ts'

interface System {
  options: Options
  self: string
  frameworkId: () => string | undefined
  uiUrl: () => string | undefined
  streams: EventStreams
  leave: () => void
}

/** About Marathon itself; asked of the leader alone. */
export function systemRoutes({ options, self, frameworkId, uiUrl, streams, leave }: System): Route[] {
  const number = (name: string) => (options[name] === undefined ? null : Number(options[name]))
  return [
    { method: 'GET', path: /^\/$/, handler: () => ({ status: 302, headers: { location: '/ui/' } }) },
    { method: 'GET', path: /^\/v2\/leader\/*$/, handler: () => ok({ leader: self }) },
    {
      method: 'DELETE',
      path: /^\/v2\/leader\/*$/,
      handler: ({ response }) => {
        response.on('finish', leave)
        return ok({ message: 'Leadership abdicated' })
      },
    },
    {
      method: 'GET',
      path: /^\/v2\/info\/*$/,
      handler: () =>
        ok({
          name: options.framework_name,
          version: '1.10.26',
          buildref: 'stand-in',
          elected: true,
          leader: self,
          frameworkId: frameworkId() ?? null,
          marathon_config: {
            master: options.master,
            hostname: self.slice(0, self.lastIndexOf(':')),
            ha: options.ha === 'true',
            checkpoint: options.checkpoint === 'true',
            failover_timeout: number('failover_timeout'),
            local_port_min: number('local_port_min'),
            local_port_max: number('local_port_max'),
            executor: options.executor,
            mesos_user: options.mesos_user ?? null,
            mesos_role: options.mesos_role ?? null,
            mesos_leader_ui_url: uiUrl() ?? null,
            task_launch_timeout: number('task_launch_timeout'),
            webui_url: options.webui_url ?? null,
          },
          zookeeper_config: {
            zk: options.zk,
            zk_timeout: number('zk_timeout'),
            zk_session_timeout: number('zk_session_timeout'),
            zk_max_versions: number('zk_max_versions'),
          },
          http_config: { http_port: number('http_port'), https_port: number('https_port') },
        }),
    },
    { method: 'GET', path: /^\/metrics\/*$/, handler: () => ok({ version: '4.0.0', gauges: {}, counters: {} }) },
    {
      method: 'GET',
      path: /^\/v2\/events\/*$/,
      handler: ({ request, response, query }) => {
        const accept = request.headers.accept
        if (accept !== undefined && accept !== 'text/event-stream') return { status: 405 }
        streams.attach(response, query.getAll('event_type'), request.socket.remoteAddress ?? '')
        return 'handled'
      },
    },
  ]
}
