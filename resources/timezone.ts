import { resolve } from 'node:path'
import { z } from 'zod'
import type { Change } from '../protocol/events.ts'
import { defineResource, differences } from './define.ts'
import type { Host } from './host.ts'
import { putText } from './files/text-file.ts'

const zones = '/usr/share/zoneinfo'
const link = '/etc/localtime'
/** Debian 13 has none of its own; programs that read it find what /etc/localtime says. */
const named = '/etc/timezone'

export const timezone = defineResource({
  type: 'timezone',
  summary:
    "The machine's time zone: the resource's name. What runs already goes on with the old one until it is restarted.",
  example: "timezone('Europe/Lisbon')",
  name: z
    .string()
    .regex(
      /^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/,
      'must be a zone of the IANA database, such as Europe/Lisbon or UTC',
    ),
  props: z.strictObject({}),
  paths: () => [link, named],
  owns: () => [link, named],

  check(zone, _want, { files }) {
    const current = {
      localtime: files.stat(link)?.kind === 'link' ? resolve('/etc', files.readLink(link)) : files.stat(link)?.kind,
      timezone: files.stat(named)?.kind === 'file' ? files.read(named).toString().trim() : files.stat(named)?.kind,
    }
    return [...missingZone(zone, files), ...differences(current, { localtime: `${zones}/${zone}`, timezone: zone })]
  },

  async apply(zone, _want, host) {
    if (missingZone(zone, host.files).length > 0)
      throw new Error(
        `There is no zone ${zone} in ${zones}. Correct the name (timedatectl list-timezones), or declare pkg[tzdata] before it; what Debian calls legacy is in tzdata-legacy.`,
      )
    host.files.link(link, `${zones}/${zone}`)
    await putText(named, `${zone}\n`, host)
  },
})

function missingZone(zone: string, files: Host['files']): Change[] {
  const kind = files.stat(`${zones}/${zone}`)?.kind
  return kind === 'file' || kind === 'link' ? [] : differences({}, { zone })
}
