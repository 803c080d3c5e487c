import { isRecord } from '../../protocol/is-record.ts'
import type { ResourceType } from '../../resources/define.ts'

/** How a type says that a thing is no longer wanted; undefined where it cannot be. */
export function unwantedOf(type: ResourceType, want: unknown): unknown {
  if (type.unwanted) return type.unwanted(want)
  return isRecord(want) && 'ensure' in want ? { ...want, ensure: 'absent' } : undefined
}
