import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { closest } from '../protocol/closest.ts'
import { describeIssues } from '../protocol/describe-issue.ts'
import { unlessMissing } from '../protocol/errors.ts'
import { Name } from '../protocol/name.ts'
import { CommandError } from './command.ts'
import { parseJson } from './parse-json.ts'
import { cannotRead, cannotWrite, writeSafely } from './write-safely.ts'

/** Which server the operator talks to, how it is known, and with which token. */
export const Login = z.object({ url: z.url({ protocol: /^https$/ }), ca: z.string(), token: z.string() })
export type Login = z.infer<typeof Login>

/** Logins by the names of their contexts. */
const Contexts = z.object({ current: Name, contexts: z.record(Name, Login) })
export type Contexts = z.infer<typeof Contexts>

/** What a login is called when nobody says how; and what the one of a file with a single login is. */
export const usualContext = 'default'

class Damaged extends CommandError {}

const LoginFile = z.union([
  Contexts,
  Login.transform((login): Contexts => ({ current: usualContext, contexts: { [usualContext]: login } })),
])

/** All logins; none when there is no file. */
export async function readContexts(path: string): Promise<Contexts> {
  const none: Contexts = { current: usualContext, contexts: {} }
  const text = (await readText(path)) ?? JSON.stringify(none)
  const file = LoginFile.safeParse(parseJson(text))
  if (file.success) return file.data
  throw new Damaged(
    `${path} is damaged; log in again with: trivet login TOKEN@URL\n${describeIssues(file.error).join('\n')}`,
  )
}

function readText(path: string) {
  return readFile(path, 'utf8')
    .catch(unlessMissing)
    .catch((error: unknown) => {
      throw cannotRead(path, error)
    })
}

/** The login of the context, or of the current one. */
export async function readLogin(path: string, context?: string): Promise<Login> {
  const { current, contexts } = await readContexts(path)
  const login = contexts[context ?? current]
  if (login) return login
  if (Object.keys(contexts).length > 0) throw noContext(context ?? current, Object.keys(contexts))
  throw new CommandError(
    'Not logged in. Log in with: trivet login TOKEN@URL (the server prints it when it first starts)',
  )
}

/** Keeps the login under the name, and makes it the current one. */
export async function writeLogin(path: string, login: Login, context = usualContext) {
  await makeFolder(path)
  const contexts = await readUsable(path)
  await writeContexts(path, { current: context, contexts: { ...contexts, [context]: login } })
}

/** The logins by context; none of a damaged file, which logging in mends. */
export async function readUsable(path: string): Promise<Record<string, Login>> {
  try {
    return (await readContexts(path)).contexts
  } catch (error) {
    if (error instanceof Damaged) return {}
    throw error
  }
}

export async function writeContexts(path: string, contexts: Contexts) {
  await writeSafely(path, [`${JSON.stringify(contexts, null, 2)}\n`])
}

async function makeFolder(path: string) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw cannotWrite(path, error)
  })
}

export function noContext(name: string, known: string[]) {
  const near = closest(name, known)
  const hint = near ? `Did you mean ${near}?` : `There is: ${known.join(', ')}.`
  return new CommandError(`There is no context ${name}. ${hint} Make one with: trivet login TOKEN@URL --context NAME`)
}
