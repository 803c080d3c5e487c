import { type BlobRef, sha256 } from '../../protocol/catalog.ts'
import { output } from './apt.ts'
import type { Host } from '../host.ts'

/** Where the key of a repository comes from. */
export interface KeyWant {
  key?: BlobRef | undefined
  keyUrl?: string | undefined
  keySha256?: string | undefined
}

export function wantedHash({ key, keySha256 }: KeyWant) {
  return key?.sha256 ?? keySha256
}

/** Fetched as apt fetches, with its proxies and certificates, and refused unless it has the hash. */
export async function keyBytes({ key, keyUrl = '', keySha256 }: KeyWant, host: Host) {
  if (key) return host.readBlob(key)
  // Where apt's own user, as whom its helper asks, may write.
  const path = `/var/cache/apt/archives/partial/trivet-${keySha256}.key`
  await output(host, ['/usr/lib/apt/apt-helper', 'download-file', keyUrl, path])
  const bytes = host.files.read(path)
  host.files.remove(path)
  if (sha256(bytes) === keySha256) return bytes
  const why = `${keyUrl} has the SHA-256 ${sha256(bytes)}, not ${keySha256}; it was not put in place`
  throw new Error(`${why}. Find out why before you change the hash.`)
}

/** The end of its file's name, by which alone apt tells an armoured key from a bare one; null: what has not come yet tells by its URL. */
export function keySuffix(bytes: Buffer | null, keyUrl = '') {
  if (bytes) return bytes.includes('-----BEGIN PGP') ? '.asc' : '.gpg'
  return keyUrl.endsWith('.gpg') ? '.gpg' : '.asc'
}
