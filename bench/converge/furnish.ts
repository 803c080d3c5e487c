import { leafPackage, services } from '../recipes/w2/wanted.ts'
import type { Site, SiteOptions } from '../site.ts'
import type { Peer } from './contenders.ts'

const aptModule = '/usr/share/cfengine3/masterfiles/modules/packages/vendored/apt_get.mustache'

export function siteFor(peers: Peer[]): SiteOptions {
  const packages = ['puppet-agent', 'cfengine3', 'python3', 'procps', 'time', leafPackage]
  return {
    os: 'bookworm',
    packages: [...packages, ...(peers.includes('ansible') ? ['ansible-core', 'python3-apt'] : [])],
    programs: ['timer', 'limit'],
  }
}

/** What the work sets and the peers need of the node before they begin. */
export async function furnish({ node, must }: Site) {
  // The way in which CFEngine's package promises reach apt, put where its own policy framework puts it.
  await must(['install', '-D', aptModule, '/var/lib/cfengine3/modules/packages/apt_get'])
  for (const name of services) await node.write(`/etc/systemd/system/${name}.service`, unit)
  await must(['systemctl', 'daemon-reload'])
  await must(['apt-get', 'update'])
}

const unit = `[Unit]
Description=One of the services of work set W2

[Service]
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
`
