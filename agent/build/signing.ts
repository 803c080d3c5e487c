import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { open, readFile, stat } from 'node:fs/promises'
import { CommandError } from '../../cli/command.ts'
import { codeOf, messageOf } from '../../protocol/errors.ts'

const make = 'Make one: npm run build:agent -- --new-signing-key FILE'

/** Makes a key that agents are to be signed by: PEM, for its owner alone from the start. One that is there stays. */
export async function makeSigningKey(path: string) {
  const { privateKey } = generateKeyPairSync('ed25519')
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await file.sync()
    await file.close()
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new CommandError(`${path} is there already, and stays as it is`)
    throw new CommandError(`${path} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}

export async function readSigningKey(path: string) {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(`the signing key ${path} cannot be read: ${messageOf(error)}. ${make}`, { cause: error })
  })
  if (((await stat(path)).mode & 0o077) !== 0)
    throw new CommandError(`${path} can be read by others, who could sign agents by it. Next: chmod 600 ${path}`)
  const key = keyIn(text)
  if (key?.asymmetricKeyType !== 'ed25519') throw new CommandError(`${path} holds no Ed25519 key in PEM. ${make}`)
  return key
}

function keyIn(text: string) {
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}

/** As agents have it baked in. */
export function publicPartOf(key: KeyObject) {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')
}

/** What `SHA256SUMS.sig` holds: who has that file, and the public part of the key, knows that its words are those that were signed. */
export function signatureOf(text: string, key: KeyObject) {
  return `${sign(null, Buffer.from(text), key).toString('base64')}\n`
}
