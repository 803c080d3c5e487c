import { together } from './each-node.ts'
import type { Site, WantedNode } from './site.ts'

/** One of each group: who may not make them, or asks for what there is not, learns it before half of a cluster is there. */
export async function rehearseLaunches(wanted: WantedNode[], { provider, book }: Pick<Site, 'provider' | 'book'>) {
  const fresh = wanted.filter(({ node }) => !book.launchOf(node))
  const oneOfEach = new Map(fresh.map((each) => [each.groupName, each]))
  await together([...oneOfEach.values()].map((each) => rehearse(each, provider)))
}

async function rehearse({ node, groupName, group }: WantedNode, provider: Site['provider']) {
  const [image, [placement]] = await Promise.all([provider.image(group), provider.placements(groupName, group, [])])
  if (!placement) return
  const launch = { node, group: groupName, attempt: 'rehearsal', placement, image, userData: '#!/bin/sh\n' }
  await provider.rehearse(launch, group)
}
