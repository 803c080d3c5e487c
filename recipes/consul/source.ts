import type { RecipeContext } from 'trivet/recipe'
import { z } from 'zod'

const Download = z.strictObject({
  url: z.url().describe('Where it is, by https.'),
  sha256: z.hex().length(64, 'must be a SHA-256: 64 hexadecimal digits').describe('The hash that it must have.'),
})

const Apt = z.strictObject({
  uris: z
    .array(z.string())
    .default([])
    .describe('Where the repository is; without any, the mirrors from which the node has Debian itself.'),
  suites: z.array(z.string()).default(['bullseye']).describe('Its suites. Debian 11 is the last that has Consul.'),
  components: z.array(z.string()).default(['main']).describe('Components of the suites.'),
  keyring: z
    .string()
    .default('/usr/share/keyrings/debian-archive-keyring.gpg')
    .describe('The keyring on the node with the key that signs it.'),
  version: z.string().optional().describe('Exactly this version of the package.'),
})

export const Source = z
  .strictObject({
    apt: Apt.prefault({}).describe('A repository of packages, of which nothing but Consul is taken.'),
    deb: Download.optional().describe('A package in its place.'),
    archive: Download.optional().describe('An archive with the program `consul` in its place, as HashiCorp has it.'),
  })
  .refine(({ deb, archive }) => !(deb && archive), 'has both deb and archive: set one of them')
  .prefault({})
  .describe('Where the program comes from.')

type Context = RecipeContext<{ source: z.output<typeof Source> }>

/** Gives the path of the program. */
export function declareProgram(context: Context) {
  const { deb, archive } = context.attributes.source
  if (archive) return fromArchive(context, archive)
  if (deb) fromDeb(context, deb)
  else fromApt(context)
  return '/usr/bin/consul'
}

const restart = { notifies: { restart: 'service[consul]' } } as const

function fromArchive({ archive, user }: Context, { url, sha256 }: z.output<typeof Download>) {
  user('consul', { system: true, home: '/var/lib/consul', shell: '/usr/sbin/nologin' })
  archive('/opt/consul', { url, sha256, owner: 'root', group: 'root', ...restart })
  return '/opt/consul/consul'
}

function fromDeb({ directory, pkg, remote_file }: Context, { url, sha256 }: z.output<typeof Download>) {
  directory('/var/cache/consul', { mode: '0755', owner: 'root' })
  remote_file('/var/cache/consul/consul.deb', { url, sha256, mode: '0644' })
  pkg('consul', { deb: '/var/cache/consul/consul.deb', recommends: false, ...restart })
}

const ownMirrors = '/etc/apt/trivet-consul-mirrors.list'

// Which host serves Debian here only the node knows, and apt only with lists. apt reads the file as a user of its own.
// `$1`, as the codename is no part of the script.
const listMirrors = `
umask 022
found() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Release: $1" | sort -u
}
[ -n "$(found "$1")" ] || apt-get --quiet update
mirrors=$(found "$1")
if [ -z "$mirrors" ]; then
  echo "apt has no source of Debian $1 whose mirror could be asked for Consul. Set consul.source.apt.uris." >&2
  exit 1
fi
echo "$mirrors" > ${ownMirrors}`

function fromApt({ attributes, node, apt_pin, apt_repository, exec, pkg }: Context) {
  const { uris, suites, components, keyring, version } = attributes.source.apt
  if (uris.length === 0)
    exec('list the mirrors of Debian', {
      argv: ['sh', '-c', listMirrors, 'list', node.facts.os.codename],
      creates: ownMirrors,
    })
  // Before the repository, so that there is no moment in which all of it could be installed.
  for (const suite of suites) {
    const pin = `release n=${suite}`
    apt_pin(`trivet-consul-${suite}`, { packages: ['consul'], pin, priority: 500 })
    apt_pin(`trivet-consul-${suite}-rest`, { packages: ['*'], pin, priority: -1 })
  }
  apt_repository('trivet-consul', {
    uris: uris.length === 0 ? [`mirror+file:${ownMirrors}`] : uris,
    suites,
    components,
    keyring,
  })
  pkg('consul', { recommends: false, ...(version !== undefined && { version }), ...restart })
}
