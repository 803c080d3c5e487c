import { isRecord } from '../../protocol/is-record.ts'
import { describeThrown } from '../thrown.ts'
import type { Declarable, Draft } from './draft.ts'

/** Once all is declared, tells the resources that ask for it what the others manage. Gives what is wrong. */
export function tellManaged({ resources, managed }: Draft, types: Declarable[]): string[] {
  const byName = new Map(types.map((type) => [type.type, type]))
  return [...resources].flatMap(([id, resource]) => {
    const type = byName.get(resource.type)
    if (!type?.among) return []
    const others = [...managed].flatMap(([other, { paths }]) => (other === id ? [] : paths))
    try {
      const props = type.among(resource.name, resource.props, others)
      if (!isRecord(props)) return [`${resource.declaredAt}: ${id}: its type gives props that are no record`]
      resource.props = props
      return []
    } catch (error) {
      if (!type.threw) throw error
      return [`${resource.declaredAt}: ${id}: its type threw ${describeThrown(error)}, at ${type.threw(error)}`]
    }
  })
}
