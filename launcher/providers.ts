import type { ClusterFile } from './cluster-file.ts'
import type { ProviderName } from './options.ts'
import type { Provider } from './provider.ts'

/** Loaded when they are asked for: the cloud's library is large. */
export async function makeProvider(
  name: ProviderName,
  { cluster }: ClusterFile,
  note: (text: string) => void,
): Promise<Provider> {
  return (await import('./lab/provider.ts')).makeLabProvider({ cluster, note })
}
