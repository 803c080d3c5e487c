import type { z } from 'zod'
import type { Argv } from '../protocol/argv.ts'
import type { BlobRef, Cleanup, LeaseRule, ResourceId } from '../protocol/catalog.ts'
import type { Facts } from '../protocol/facts.ts'
import type { ResourceTypes } from '../resources/index.ts'

export { suggest } from './suggest.ts'

/** What every resource may carry beside the props of its type. */
export interface CommonProps {
  /** What is done at the end of the run if this resource changed: `{ restart: 'service[haproxy]' }`. */
  notifies?: Record<string, ResourceId | ResourceId[]>
  /** Resources, declared before, without which this one is skipped when they failed. */
  requires?: ResourceId[]
  /** The resource is left alone unless this command exits with 0. */
  onlyIf?: Argv
  /** The resource is left alone if this command exits with 0. */
  unless?: Argv
  retries?: number
  /** Between two tries; 1000 where left out. */
  retryDelayMs?: number
  timeoutMs?: number
  /** Its failure is reported and skips only what requires it; it does not fail the run. */
  ignoreFailure?: boolean
  /** What differs is reported, and nothing is changed. */
  audit?: boolean
  /** Its actions are done only with a lease that the server gives to few nodes of the group at a time. */
  lease?: z.input<typeof LeaseRule>
  /** Keeps values and diffs out of events, reports and logs. */
  sensitive?: boolean
}

/** Where the schema wants a blob, a recipe may give the text itself. */
type WithText<Props> = { [Key in keyof Props]: BlobRef extends Props[Key] ? Props[Key] | string : Props[Key] }
type Declared<Props> = WithText<Props> & CommonProps

type Declare<Props> = object extends Props
  ? (name: string, props?: Declared<Props>) => void
  : (name: string, props: Declared<Props>) => void

/** Types that are not ours. Their files write themselves in: `declare module 'trivet/recipe' { interface OtherTypes { motd: typeof motd } }`. */
export interface OtherTypes {}

type FunctionOf<Type> = Type extends { props: infer Props extends z.ZodType } ? Declare<z.input<Props>> : never

/** One function per resource type, so that tsc checks every recipe against the schemas. */
export type ResourceFunctions = { [Type in keyof ResourceTypes]: FunctionOf<ResourceTypes[Type]> } & {
  [Type in keyof OtherTypes]: FunctionOf<OtherTypes[Type]>
}

export interface NodeView {
  name: string
  cluster: string
  roles: readonly string[]
  /** By which the other nodes reach this one. */
  address: string
  facts: Readonly<Facts>
}

/** Another node of the cluster, or this one. */
export interface Peer {
  name: string
  address: string
  roles: readonly string[]
  facts: Readonly<Facts>
  /** Its stable number within the role that was asked for. */
  ordinal: number
}

export interface ClusterContext {
  name: string
  /** Nodes with the role, this one too, by name. With fewer than `atLeast` the node stays pending until they have joined. */
  withRole: (role: string, options?: { atLeast?: number }) => Peer[]
  /** This node's number within the role: given once, never by position, kept while the node lives. */
  ordinal: (role: string) => number
}

/** All that a recipe may know. It reads nothing else, so the same inputs give the same catalog. */
export interface RecipeContext<Attributes> extends ResourceFunctions {
  attributes: Attributes
  node: NodeView
  cluster: ClusterContext
  /** Renders a nunjucks template that lies beside the recipe. Every variable must be defined. */
  template: (path: string, variables?: Record<string, unknown>) => BlobRef
  /** The bytes of a file that lies beside the recipe. */
  source: (path: string) => BlobRef
  /** The bytes of all files in a folder beside the recipe, by their paths within it. TypeScript there is code, and left out. */
  folder: (path: string) => Record<string, BlobRef>
  text: (content: string) => BlobRef
  /** What another recipe gets on this node, whether or not the node has it: so that what belongs to a whole cluster is said once. */
  attributesOf: (recipe: string) => unknown
  /** Refuses the node: what its attributes say cannot be, and what to set instead. */
  refuse: (why: string) => never
}

export interface RecipeDefinition<Shape extends z.ZodRawShape> {
  /** One sentence for `recipe list`. */
  description?: string
  /** What may be set, by `z.strictObject`: a default for what need not be set, `.describe()` for the reference. */
  attributes?: z.ZodObject<Shape>
  /** What becomes of things that it made and declares no more; `keep` where left out. */
  cleanup?: Cleanup
  declare: (context: RecipeContext<z.output<z.ZodObject<Shape>>>) => void
}

/** A recipe whose attributes are known only when it runs. */
export interface AnyRecipe {
  description?: string
  attributes?: z.ZodObject
  cleanup?: Cleanup
  declare(context: RecipeContext<unknown>): unknown
}

/** What the default export of `recipes/NAME/NAME.ts` must be. */
export class RecipeSource {
  readonly definition: AnyRecipe

  constructor(definition: AnyRecipe) {
    this.definition = definition
  }
}

export function defineRecipe<Shape extends z.ZodRawShape>(recipe: RecipeDefinition<Shape>) {
  return new RecipeSource(recipe)
}
