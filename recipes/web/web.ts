import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

// busybox's httpd: one package of half a megabyte in every Debian, and none that starts a daemon of its own when it is
// installed, as nginx does on port 80.
export default defineRecipe({
  description: 'A small web service whose page names the node.',

  attributes: z.strictObject({
    port: z.int().min(1).max(65535).default(8000).describe('The port it listens on.'),
  }),

  declare({ attributes: { port }, node, directory, file, pkg, probe, service, systemd_unit, template, user }) {
    pkg('busybox', { recommends: false })
    user('web', { system: true, home: '/srv/web', shell: '/usr/sbin/nologin', comment: 'Trivet web service' })

    directory('/srv/web', { mode: '0755', owner: 'root', group: 'root' })
    file('/srv/web/index.html', { content: template('index.html.njk', { node }), mode: '0644', owner: 'root' })

    systemd_unit('web.service', {
      content: template('web.service.njk', { port }),
      notifies: { restart: 'service[web]' },
    })
    service('web', { running: true, enabled: true })
    probe('web', { http: { url: `http://127.0.0.1:${port}/`, expect: node.name } })
  },
})
