import { z } from 'zod'
import { BlobRef, Sha256 } from '../protocol/catalog.ts'
import {
  checkSource,
  foreseeSource,
  keyPaths,
  putSource,
  removeSource,
  type SourcePaths,
  type SourceWant,
} from './packages/apt-sources.ts'
import { defineResource } from './define.ts'
import { Path } from './names.ts'

const Word = z.string().regex(/^[^\s#-]\S*$/, 'must be one word')
const Uri = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:\S+$/, 'must be a URI, such as https://deb.example.org/debian')
  .refine(
    (uri) => !/\/\/[^/]*:[^/]*@/.test(uri),
    'cannot hold a password, since all may read it. Write it to a file in /etc/apt/auth.conf.d',
  )
const Field = z
  .string()
  .regex(/^[A-Z][A-Za-z-]*$/, 'must be the name of a field, such as Languages')
  .refine(
    (field) => !/^(types|uris|suites|components|architectures|signed-by|enabled)$/i.test(field),
    'is written from the other props',
  )
  .refine((field) => !/^(trusted|allow-.*)$/i.test(field), 'would turn the verification of signatures off')

const Props = z.strictObject({
  ensure: z.enum(['present', 'absent']).default('present').describe('Whether apt is to know it.'),
  uris: z.array(Uri).default([]).describe('Where it is; several are mirrors of each other.'),
  suites: z.array(Word).default([]).describe("Its suites, such as 'stable'; of a flat one its folder, such as './'."),
  components: z.array(Word).default([]).describe("Components of the suites, such as 'main'; a flat one has none."),
  architectures: z.array(Word).default([]).describe("Left out, those of the node's dpkg."),
  withSources: z.boolean().default(false).describe('Whether source packages are listed too.'),
  key: BlobRef.optional().describe('The public key that signs it, armoured or bare: text, or a source.'),
  keyUrl: Uri.optional().describe('In the place of `key`: where the node fetches it, as apt fetches packages.'),
  keySha256: Sha256.optional().describe('The hash that the key from `keyUrl` must have.'),
  keyring: Path.regex(/^\S+$/, 'cannot hold blanks')
    .optional()
    .describe('In the place of `key`: a keyring that is on the node already.'),
  options: z
    .record(Field, z.string().regex(/^\S.*$/, 'must be one line'))
    .default({})
    .describe('Further fields, named as in sources.list(5). None that turns the verification of signatures off.'),
})

function pathsOf(name: string): SourcePaths {
  return { sources: `/etc/apt/sources.list.d/${name}.sources`, key: `/etc/apt/keyrings/${name}` }
}

export const aptRepository = defineResource({
  type: 'apt_repository',
  summary:
    'A repository of Debian packages and the key that signs it. It goes live once its lists have come; if they do not, the old stays.',
  example: `apt_repository('tools', {
  uris: ['file:/srv/tools'],
  suites: ['./'],
  key: source('tools.asc'),
})`,
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must have letters, digits, _, . and - only'),
  props: Props,
  blobs: ['key'],
  problem: (_name, want) => (want.ensure === 'present' ? problemOf(want) : undefined),
  paths: (name) => [pathsOf(name).sources, ...keyPaths(pathsOf(name))],
  owns: (name) => [pathsOf(name).sources, ...keyPaths(pathsOf(name))],
  check: (name, want, host) => checkSource(pathsOf(name), want, host),
  apply: (name, want, host) =>
    want.ensure === 'present' ? putSource(pathsOf(name), want, host) : removeSource(pathsOf(name), host),
  effects: (name, want, foreseen) =>
    want.ensure === 'present' ? foreseeSource(pathsOf(name), want, foreseen) : removeSource(pathsOf(name), foreseen),
})

function problemOf({ uris, suites, components, key, keyUrl, keySha256, keyring }: SourceWant) {
  if (uris.length === 0 || suites.length === 0) return 'needs `uris` and `suites` when it is present.'
  if ([key, keyUrl, keyring].filter((said) => said !== undefined).length !== 1)
    return 'needs one of `key`, `keyUrl` and `keyring`: apt takes nothing that nobody has signed.'
  if ((keyUrl === undefined) !== (keySha256 === undefined))
    return 'needs `keyUrl` and `keySha256` together, or neither.'
  const flat = suites.filter((suite) => suite.endsWith('/'))
  if (flat.length > 0 && flat.length < suites.length)
    return 'cannot have flat suites, which end in a slash, beside others. Declare them apart.'
  if (flat.length > 0 && components.length > 0)
    return 'is flat, since its suite ends in a slash, so it can have no components.'
  if (flat.length === 0 && components.length === 0) return "needs `components`, such as ['main']."
  return undefined
}
