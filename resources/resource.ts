/**
 * What a resource type of somebody else's is written with: `trivet/resource`. The server and the agent give it to the type's file when
 * they load it, so nothing of it is in the code that travels. docs/your-own-type.md shows how to write one.
 */
export { commandFailed, defineResource, differences, must, NotTried } from './define.ts'
export type { Differing, ResourceType } from './define.ts'
export { Unforeseeable } from './host.ts'
export type {
  CommandOptions,
  CommandResult,
  Files,
  Foreseen,
  ForeseenPath,
  Found,
  Group,
  Host,
  InstalledPackage,
  Kind,
  ResolvedAccess,
  UnitState,
  User,
} from './host.ts'
export { AccountName, Label, Mode, Owner, PackageName, Path, presence, ServiceName, UnitName, unitOf } from './names.ts'
export { oncePerPass } from './once-per-pass.ts'
export { accessDifferences, resolveAccess } from './files/ownership.ts'
export { diffOf } from './files/diff.ts'
export { Argv } from '../protocol/argv.ts'
export { BlobRef, sha256 } from '../protocol/catalog.ts'
export type { Common } from '../protocol/catalog.ts'
export { hasCode, messageOf } from '../protocol/errors.ts'
export type { Change } from '../protocol/events.ts'
