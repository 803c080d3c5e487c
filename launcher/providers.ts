import type { ClusterFile } from './cluster-file.ts'
import type { ProviderName } from './options.ts'
import type { Provider } from './provider.ts'

/** Loaded when they are asked for: the cloud's library is large. */
export async function makeProvider(
  name: ProviderName,
  { cluster, region }: ClusterFile,
  note: (text: string) => void,
): Promise<Provider> {
  if (name === 'lab') return (await import('./lab/provider.ts')).makeLabProvider({ cluster, note })
  return (await import('./ec2/provider.ts')).makeEc2Provider({ cluster, region })
}
