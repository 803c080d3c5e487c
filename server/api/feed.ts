import type { ApiParts, Handlers } from './call.ts'

export function feedHandlers({ feed }: ApiParts): Pick<Handlers, 'watchFleet'> {
  return {
    async watchFleet({ after }, { clusters, sees }) {
      // An order that is for other clusters too counts their targets: who may not see them all reads it for the rest.
      const isTheirs = (about: string[]) => about.length > 0 && about.every((cluster) => sees(cluster))
      const mayHear = (about: string[]) => clusters === 'all' || isTheirs(about)
      return (watcher) => feed.watch({ after, mayHear }, watcher)
    },
  }
}
