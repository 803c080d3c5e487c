import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { describeIssues } from '../protocol/describe-issue.ts'
import { hasCode } from '../protocol/errors.ts'
import { CommandError } from './command.ts'
import { parseJson } from './parse-json.ts'
import { cannotWrite, writeSafely } from './write-safely.ts'

/** Which server the operator talks to, how it is known, and with which token. */
export const Login = z.object({ url: z.url({ protocol: /^https$/ }), ca: z.string(), token: z.string() })
export type Login = z.infer<typeof Login>

export async function readLogin(path: string): Promise<Login> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error
    throw new CommandError(
      'Not logged in. Log in with: trivet login TOKEN@URL (the server prints it when it first starts)',
    )
  })
  const login = Login.safeParse(parseJson(text))
  if (login.success) return login.data
  throw new CommandError(
    `${path} is damaged; log in again with: trivet login TOKEN@URL\n${describeIssues(login.error).join('\n')}`,
  )
}

export async function writeLogin(path: string, login: Login) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw cannotWrite(path, error)
  })
  await writeSafely(path, [`${JSON.stringify(login, null, 2)}\n`])
}
