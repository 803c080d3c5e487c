import { z } from 'zod'
import { Name } from '../../protocol/name.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { noContext, readContexts, readLogin, writeContexts } from '../login-file.ts'
import { printList, shownFlags, shownOptions, shownUsage } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'

const list = command({
  usage: `context list ${shownUsage}`,
  summary: 'List the servers that you are logged in to, each under the name of its context.',
  details:
    'trivet login TOKEN@URL --context NAME adds one. --context NAME with any verb, or TRIVET_CONTEXT, asks that one.',
  flags: shownFlags,
  options: z.object(shownOptions),

  async run(shown, { loginPath, contextName, output }) {
    const { current, contexts } = await readContexts(loginPath)
    const inForce = contextName ?? current
    const known = Object.entries(contexts).map(([name, { url }]) => ({ name, url, current: name === inForce }))
    const row = ({ name, url, current: isCurrent }: (typeof known)[number]) => ({
      context: name,
      server: url,
      '': isCurrent ? '← current' : '',
    })
    printList(known, { ...shown, row, empty: 'You are not logged in. Log in with: trivet login TOKEN@URL' }, { output })
  },
})

const oneContext = z.tuple([Name])

const use = command({
  usage: 'context use CONTEXT [--json]',
  summary: 'Talk to the server of that context from now on.',
  flags: jsonFlag,
  options: z.object({ operands: oneContext, json }),

  async run({ operands: [name], json: asJson }, { loginPath, output }) {
    const { contexts } = await readContexts(loginPath)
    const login = contexts[name]
    if (!login) throw noContext(name, Object.keys(contexts))
    await writeContexts(loginPath, { current: name, contexts })
    if (asJson) return output.json({ name, url: login.url })
    output.note(`From now on trivet talks to ${login.url} (${name}).`)
  },
})

const ca = command({
  usage: 'context ca',
  summary: 'Print the CA that the server is known by, as PEM, for other programs: a proxy, Prometheus, curl --cacert.',
  options: z.object({}),

  async run(_, { loginPath, contextName, output }) {
    const login = await readLogin(loginPath, contextName)
    output.line(login.ca.trimEnd())
  },
})

const remove = command({
  usage: 'context delete CONTEXT [--json]',
  summary: 'Forget the login of a context. Its token stays good: who has a copy can still use it.',
  flags: jsonFlag,
  options: z.object({ operands: oneContext, json }),

  async run({ operands: [name], json: asJson }, { loginPath, output }) {
    const { current, contexts } = await readContexts(loginPath)
    if (!contexts[name]) throw noContext(name, Object.keys(contexts))
    const { [name]: forgotten, ...others } = contexts
    await writeContexts(loginPath, { current, contexts: others })
    if (asJson) return output.json({ name, url: forgotten?.url })
    output.note(`${name} is forgotten.${name === current ? ' Choose another: trivet context use CONTEXT' : ''}`)
  },
})

export const contextCommands: Command<Context>[] = [list, use, ca, remove]
