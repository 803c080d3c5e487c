import type { ApiParts, Handlers } from './call.ts'

export function feedHandlers({ feed }: ApiParts): Pick<Handlers, 'watchFleet'> {
  return {
    watchFleet:
      async ({ after }) =>
      (watcher) =>
        feed.watch({ after, mayHear: () => true }, watcher),
  }
}
