/** Nouns whose names `trivet names` knows. */
export const nouns = [
  'node',
  'role',
  'recipe',
  'cluster',
  'order',
  'run',
  'revision',
  'token',
  'webhook',
  'group',
  'attribute',
  'context',
  'user',
  'api-token',
] as const
export type Noun = (typeof nouns)[number]

/** What may stand in a place: names of a noun, files, folders, or what nobody can guess. */
export type Source = Noun | 'files' | 'folders' | 'anything'

/**
 * By the word that a usage line has for the place; `lab NODE` is NODE in the verbs that begin with `lab`.
 * A word that is not in here is an error of the tests: whoever adds one says what completes it.
 */
export const sources: Record<string, Source> = {
  NODE: 'node',
  NODES: 'node',
  'lab NODE': 'anything',
  ROLE: 'role',
  R: 'role',
  RECIPE: 'recipe',
  CLUSTER: 'cluster',
  C: 'cluster',
  ORDER: 'order',
  RUN: 'run',
  REVISION: 'revision',
  TOKEN: 'token',
  WEBHOOK: 'webhook',
  'webhook create WEBHOOK': 'anything',
  DELIVERY: 'anything',
  URL: 'anything',
  'api-token TOKEN': 'api-token',
  USER: 'user',
  GROUP: 'group',
  G: 'group',
  KEY: 'attribute',
  CONTEXT: 'context',
  FILE: 'files',
  DIR: 'folders',
  'TOKEN@URL': 'anything',
  LOGIN: 'anything',
  NOUN: 'anything',
  NAME: 'anything',
  'KIND=LIMIT': 'anything',
  LAB: 'anything',
  COMMAND: 'anything',
  VALUE: 'anything',
  COLUMNS: 'anything',
  TEXT: 'anything',
  ACTION: 'anything',
  SUBJECT: 'anything',
  RESOURCE: 'anything',
  PATTERN: 'anything',
  REASON: 'anything',
  PLACE: 'anything',
  HASH: 'anything',
  N: 'anything',
  PAGE: 'anything',
  DURATION: 'anything',
  TIME: 'anything',
  'HOST:PORT': 'anything',
}
