import type { Site } from './site.ts'

/** Machines of those groups and nodes, or of all, that were asked for and that the provider does not show yet: waits until it does, or would have by now. */
export async function seeLate(names: string[], { book, lookout, provider, now, tell }: Site) {
  const isChosen = (node: string, group: string) => names.length === 0 || names.includes(node) || names.includes(group)
  const { machines } = await lookout.look()
  const unseen = book.nodes().filter((node) => {
    const launch = book.launchOf(node)
    return launch && isChosen(node, launch.group) && !machines.some(({ attempt }) => attempt === launch.attempt)
  })
  await Promise.all(unseen.map(seen))

  async function seen(node: string) {
    const launch = book.launchOf(node)
    if (!launch) return
    const leftMs = launch.askedAt + provider.latestMs - now()
    if (leftMs <= 0) return
    tell(node, `was asked for lately: looked for until ${new Date(launch.askedAt + provider.latestMs).toISOString()}`)
    await lookout.until(
      (view) =>
        view.machines.some(({ attempt }) => attempt === launch.attempt) ||
        now() - launch.askedAt > provider.latestMs ||
        undefined,
      leftMs + provider.latestMs,
      () => `${node} was not looked for`,
    )
  }
}
