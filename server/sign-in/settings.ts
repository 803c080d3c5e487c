import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { describeIssues } from '../../protocol/describe-issue.ts'
import { StartError } from '../start-error.ts'

/** Plain HTTP only where nobody is between: on this machine. */
const secure = z
  .url({ protocol: /^https?$/ })
  .refine((url) => url.startsWith('https:') || ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname), {
    error: 'must be https',
  })

const Settings = z.strictObject({
  /** What the button on the page of sign-in says. */
  name: z.string().trim().min(1).max(50),
  /** Where browsers find this server; the identity provider leads back there. */
  url: z.url({ protocol: /^https$/ }).transform((url) => new URL(url).origin),
  issuer: secure,
  clientId: z.string().min(1),
  /** Beside this file, if the path is relative. None for a public client. */
  clientSecretFile: z.string().optional(),
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)).default(['openid', 'email']),
  /** What of the identity is the `login` of a user here. */
  login: z.enum(['email', 'sub']).default('email'),
})

export interface SignInSettings extends Omit<z.infer<typeof Settings>, 'clientSecretFile'> {
  clientSecret?: string | undefined
}

/** What the file that `--sign-in` names says. */
export async function readSignInSettings(path: string): Promise<SignInSettings> {
  const { clientSecretFile, ...settings } = parse(path, await read(path))
  if (!settings.scopes.includes('openid')) throw new StartError(`${path}: scopes: must have openid.`)
  if (clientSecretFile === undefined) return settings
  const secret = (await read(resolve(dirname(path), clientSecretFile))).trim()
  if (secret === '') throw new StartError(`${path}: clientSecretFile: ${clientSecretFile} is empty.`)
  return { ...settings, clientSecret: secret }
}

function parse(path: string, text: string) {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch (cause) {
    throw new StartError(`${path}, which --sign-in names, is not JSON.`, { cause })
  }
  const { success, data, error } = Settings.safeParse(given)
  if (success) return data
  throw new StartError(`${path}, which --sign-in names: ${describeIssues(error).join('; ')}`)
}

async function read(path: string) {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StartError(`Cannot read ${path} (--sign-in): ${why}`, { cause })
  }
}
