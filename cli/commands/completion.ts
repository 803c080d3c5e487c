import { z } from 'zod'
import type { Command } from '../command.ts'
import { namesOf } from '../completion/names.ts'
import { completionScript, shells } from '../completion/shells.ts'
import { nouns } from '../completion/sources.ts'
import { completionTable } from '../completion/table.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag } from '../options.ts'

const completion = command({
  usage: 'completion SHELL',
  summary: 'Print what teaches a shell the verbs, flags and names of trivet.',
  details: `SHELL is ${shells.join(', ')}. Into ~/.bashrc: source <(trivet completion bash)
Into ~/.zshrc, below compinit: source <(trivet completion zsh)
For fish: trivet completion fish > ~/.config/fish/completions/trivet.fish`,
  options: z.object({ operands: z.tuple([z.enum(shells)]) }),

  async run({ operands: [shell] }, context) {
    const { name, commands } = await context.program()
    context.output.line(completionScript(shell, name, completionTable(commands)).trimEnd())
  },
})

/** A shell that waits for names waits no longer than this for the server. */
const patienceMs = 3000

const names = command({
  usage: 'names NOUN [--json]',
  summary: 'The names of all nodes, roles or what else completions ask for, one a line.',
  details: `NOUN is one of ${nouns.join(', ')}.`,
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([z.enum(nouns)]), json }),

  async run({ operands: [noun], json: asJson }, context) {
    const found = await namesOf(noun, { ...context, api: () => context.api({ idleMs: patienceMs }) })
    if (asJson) return context.output.json(found)
    for (const name of found) context.output.line(name)
  },
})

export const completionCommands: Command<Context>[] = [completion, names]
