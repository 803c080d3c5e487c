import { join } from 'node:path'
import type { BridgeConfig } from './config.ts'
import { readIfThere, replaceFile } from './files.ts'
import type { Model } from './model/model.ts'
import { dnsName } from './model/names.ts'

/** What dnsmasq is to answer: each app's name leads to this node, where HAProxy spreads it; on request also to where its tasks are. */
export function hostsText({ backends }: Model, { node, dnsmasq }: BridgeConfig): string {
  if (!dnsmasq) return ''
  const lines = backends.flatMap(({ app, servers }) => {
    const name = dnsName(app, dnsmasq.zone)
    if (name === undefined) return []
    const tasks = dnsmasq.taskRecords ? servers.map(({ address }) => `${address} tasks.${name}`) : []
    return [`${node.address} ${name}`, ...tasks]
  })
  return `${['# Written by trivet-agent bridge.', ...[...new Set(lines)].toSorted()].join('\n')}\n`
}

/** dnsmasq sees by itself that a file in its hostsdir is another. */
export async function writeHosts(model: Model, config: BridgeConfig): Promise<void> {
  if (!config.dnsmasq) return
  const path = join(config.dnsmasq.hostsDir, 'marathon')
  const text = hostsText(model, config)
  if ((await readIfThere(path)) === text) return
  await replaceFile(path, text)
}
