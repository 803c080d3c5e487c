import { z } from 'zod'
import { assertAnswers, inspect } from './docker/cli.ts'
import { defineResource, differences, must } from './define.ts'
import type { Host } from './host.ts'
import { Path } from './names.ts'

/** As a name of an image is written, with the tag or digest that says which. */
export const ImageName = z
  .string()
  .regex(
    /^[a-z0-9][a-zA-Z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$/,
    'must be an image with its tag or digest, such as nginx:1.27 or registry.example.net/web@sha256:…',
  )

export const dockerImage = defineResource({
  type: 'docker_image',
  summary:
    'An image of Docker on this machine, by tag or digest. What a tag means is not asked again once it is there.',
  example: `docker_image('web:1.4', { archive: '/srv/web-1.4.tar' })`,
  name: ImageName,
  props: z.strictObject({
    ensure: z.enum(['present', 'absent']).default('present').describe('Whether it is there.'),
    archive: Path.optional().describe(
      'A file made by docker save that has it. Left out, it is pulled from its registry.',
    ),
  }),
  problem: (name, { archive }) =>
    archive !== undefined && name.includes('@')
      ? 'comes from an archive, which knows tags and no digests. Name it by its tag.'
      : undefined,

  async check(name, want, host) {
    const found = await inspect('image', name, '{{.Id}}', host)
    return differences({ ensure: found === undefined ? 'absent' : 'present' }, { ensure: want.ensure })
  },

  async apply(name, { ensure, archive }, host) {
    assertArchive(name, archive, host.files)
    if (ensure === 'absent') await must(host, ['docker', 'image', 'rm', '--', name])
    else if (archive === undefined) await must(host, ['docker', 'image', 'pull', '--quiet', '--', name])
    else await must(host, ['docker', 'image', 'load', '--quiet', '--input', archive])
  },

  async effects(name, { archive }, foreseen) {
    await assertAnswers(foreseen)
    assertArchive(name, archive, foreseen.files)
  },
})

function assertArchive(name: string, archive: string | undefined, files: Host['files']) {
  if (archive !== undefined && !files.stat(archive))
    throw new Error(`There is no ${archive}. Declare the file that brings it before docker_image[${name}].`)
}
