import type { ClusterFile } from './cluster-file.ts'
import type { Ec2Provider } from './ec2/provider.ts'
import type { ProviderName } from './options.ts'
import type { Provider } from './provider.ts'

/** Loaded when they are asked for: the cloud's library is large. */
export async function makeProvider(
  name: ProviderName,
  file: ClusterFile,
  note: (text: string) => void,
): Promise<Provider> {
  if (name === 'lab') return (await import('./lab/provider.ts')).makeLabProvider({ cluster: file.cluster, note })
  return makeEc2(file)
}

export async function makeEc2({ cluster, region }: ClusterFile): Promise<Ec2Provider> {
  return (await import('./ec2/provider.ts')).makeEc2Provider({ cluster, region })
}
