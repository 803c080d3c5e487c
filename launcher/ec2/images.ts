import { DescribeImagesCommand, type Image } from '@aws-sdk/client-ec2'
import { GetParameterCommand } from '@aws-sdk/client-ssm'
import { CommandError } from '../../cli/command.ts'
import type { Group } from '../cluster-file.ts'
import type { Ec2 } from './ec2.ts'
import { tagKeys, tagOf } from './tags.ts'

/** The id of what the file names: by itself, by an SSM parameter, or the newest of an owner by that name. */
export async function resolveImage(ec2: Ec2, named: Group['image']): Promise<string> {
  if (typeof named === 'string') return named
  if ('ssm' in named) {
    const { Parameter } = await ec2.ssm.send(new GetParameterCommand({ Name: named.ssm }))
    const id = Parameter?.Value ?? ''
    if (!/^ami-[0-9a-f]+$/.test(id)) throw new CommandError(`The SSM parameter ${named.ssm} holds no image: ${id}`)
    return id
  }
  const { owner, name, architecture } = named
  const Filters = [
    { Name: 'name', Values: [name] },
    { Name: 'architecture', Values: [architecture] },
    { Name: 'state', Values: ['available'] },
  ]
  const { Images = [] } = await ec2.ec2.send(new DescribeImagesCommand({ Owners: [owner], Filters }))
  const newest = Images.filter(isTried).reduce<Image | undefined>(
    (one, other) => (isNewer(other, one) ? other : one),
    undefined,
  )
  if (newest?.ImageId) return newest.ImageId
  throw new CommandError(
    `There is no image ${name} (${architecture}) of ${owner} in ${await ec2.ec2.config.region()}. Images differ between regions: is its name right?`,
  )
}

/** One that we baked tells whether it was tried: a bake that goes on, or was cut off, leaves one that was not. */
export function isTried(image: Image) {
  return tagOf(image, tagKeys.image) === undefined || tagOf(image, tagKeys.tried) !== undefined
}

function isNewer({ CreationDate: date = '', ImageId: id = '' }: Image, than: Image | undefined) {
  // Of those made in the same second always the same one.
  return !than || `${date} ${id}` > `${than.CreationDate ?? ''} ${than.ImageId ?? ''}`
}

/** What AWS says of an image. One that it does not know is a mistake: who bakes one waits until it is known. */
export async function describeImage({ ec2 }: Ec2, id: string): Promise<Image> {
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [id] }))
  const [image] = Images
  if (image) return image
  throw new CommandError(`There is no image ${id} in ${await ec2.config.region()}, or it is not for you.`)
}
