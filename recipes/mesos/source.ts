import type { RecipeContext } from 'trivet/recipe'
import { z } from 'zod'

const Sha256 = z.hex().length(64, 'must be a SHA-256: 64 hexadecimal digits')
const fetched = {
  url: z.string().min(1).describe('Where the nodes fetch it.'),
  sha256: Sha256.describe('The hash that it must have.'),
  ca: z.string().optional().describe('A file on the node with the certificates that are trusted for it.'),
  insecure: z.boolean().optional().describe('Whether plain http: will do: the hash is looked at all the same.'),
}

const Apt = z.strictObject({
  uri: z.string().min(1).describe('Where the repository is.'),
  suite: z.string().min(1).describe("Its suite, such as 'stable', or './' of a flat one."),
  components: z.array(z.string()).default([]).describe('Components of the suite.'),
  key: z.string().optional().describe('The public key that signs it, armoured.'),
  keyUrl: z.string().optional().describe('In the place of `key`: where the nodes fetch it.'),
  keySha256: Sha256.optional().describe('The hash that the key from `keyUrl` must have.'),
  keyring: z.string().optional().describe('In the place of `key`: a keyring that is on the nodes already.'),
  version: z.string().optional().describe('Exactly this version of the package.'),
})

const Archive = z.strictObject({
  ...fetched,
  strip: z.int().min(0).default(1).describe('How many leading directories are left out.'),
  packages: z.array(z.string()).default([]).describe('Debian packages that what is in it needs.'),
})

export type Source = z.infer<ReturnType<typeof sourceOf>>

/** Where a program comes from that no public repository has any more. It must be said, and the error says how. */
export function sourceOf(recipe: string, program: string) {
  const example = `'{"deb":{"url":"https://packages.example.org/${recipe}.deb","sha256":"…"}}'`
  const error = `nobody offers packages of ${program} any more, so say where yours come from: trivet cluster set CLUSTER ${recipe}.source ${example}, or {"apt":{"uri":…,"suite":…,"key":…}}, or {"archive":{"url":…,"sha256":…}}`
  return z
    .strictObject(
      { apt: Apt.optional(), deb: z.strictObject(fetched).optional(), archive: Archive.optional() },
      { error: (issue) => (issue.code === 'invalid_type' && issue.input === undefined ? error : undefined) },
    )
    .refine(({ apt, deb, archive }) => [apt, deb, archive].filter(Boolean).length === 1, {
      error: 'must have exactly one of apt, deb and archive',
    })
    .describe(`Where ${program} comes from: a repository of apt, a .deb, or an archive.`)
}

/** Installs it; `unpacked` is where an archive goes. */
export function install(
  name: string,
  { apt, deb, archive }: Source,
  unpacked: string,
  context: Pick<RecipeContext<unknown>, 'apt_repository' | 'archive' | 'directory' | 'pkg' | 'remote_file'>,
  notifies: Record<string, `${string}[${string}]`[]>,
) {
  if (apt) {
    const { uri, suite, version, ...rest } = apt
    context.apt_repository(name, { uris: [uri], suites: [suite], ...rest })
    // What it recommends may be a daemon: mesos recommends ZooKeeper.
    context.pkg(name, { version, recommends: false, notifies })
  } else if (deb) {
    const folder = `/var/cache/trivet-${name}`
    context.directory(folder, { mode: '0755', owner: 'root', group: 'root' })
    context.remote_file(`${folder}/${name}.deb`, { ...deb, mode: '0644', owner: 'root', group: 'root' })
    context.pkg(name, { deb: `${folder}/${name}.deb`, recommends: false, notifies })
  } else if (archive) {
    const { packages, ...rest } = archive
    for (const needed of packages) context.pkg(needed, { recommends: false })
    context.archive(unpacked, { ...rest, owner: 'root', group: 'root', notifies })
  }
}

/**
 * Lets the unit start only once the file is there, whoever wants to start it: its package when it is installed, systemd after a reboot, a
 * person. The file is declared right before the service, after its gates and all that it reads; this before the package comes.
 */
export function startsOnlyWith(
  ready: string,
  name: string,
  { directory, file }: Pick<RecipeContext<unknown>, 'directory' | 'file'>,
) {
  const content = `# Managed by Trivet: it may start once all is there that it needs, and others see by /run/${name} whether it runs.
[Unit]
ConditionPathExists=${ready}
[Service]
RuntimeDirectory=${name}
RuntimeDirectoryPreserve=restart
`
  const folder = `/etc/systemd/system/${name}.service.d`
  directory(folder, { mode: '0755', owner: 'root', group: 'root' })
  file(`${folder}/ready.conf`, { content, mode: '0644', owner: 'root', group: 'root' })
}
