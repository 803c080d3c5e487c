import type { Site } from './site.ts'

/** Its launch came to nothing, or is wanted no more: nobody joins with its token, and nobody goes on with it. */
export async function giveUpLaunch(node: string, { book, server }: Pick<Site, 'book' | 'server'>) {
  await server.withdraw(book.launchOf(node)?.tokenId)
  await book.forget(node)
}
