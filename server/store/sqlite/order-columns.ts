import type { Upgrade } from '../../../protocol/upgrade.ts'
import { fromJson } from './json.ts'

/** What only some orders have, as their columns hold it. */
export function planOf(bytes: Buffer | null) {
  return bytes === null ? {} : { plan: bytes.toString('hex') }
}

export function upgradeOf(text: string | null) {
  return text === null ? {} : { upgrade: fromJson<Upgrade>(text) }
}
