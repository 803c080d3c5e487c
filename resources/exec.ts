import { z } from 'zod'
import { Argv } from '../protocol/argv.ts'
import { defineResource } from './define.ts'
import type { CommandOptions, Host } from './host.ts'
import { AccountName, Label, Path } from './names.ts'

const Props = z.strictObject({
  argv: Argv.describe('The program and its arguments, given to the kernel as they are: no shell reads them.'),
  creates: Path.optional().describe('A path that the command makes; where it is there, the command is not run.'),
  cwd: Path.optional().describe('The directory to run it in.'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .optional()
    .describe('Variables added to a minimal environment.'),
  user: AccountName.optional().describe('The user to run it as. Left out, the user of the agent: root.'),
  refreshOnly: z.boolean().default(false).describe('Whether it is run only when another resource notifies it.'),
  exitCodes: z.array(z.int().min(0).max(255)).min(1).default([0]).describe('The exit codes that mean it went well.'),
})
type Want = z.infer<typeof Props>

export const exec = defineResource({
  type: 'exec',
  summary:
    'A command, for what no other type does. It says when there is nothing to do: creates, onlyIf, unless or refreshOnly.',
  example: `exec('make the keystore', {
  argv: ['keytool', '-genkeypair', '-alias', 'web', '-keystore', '/etc/web/keystore'],
  creates: '/etc/web/keystore',
  user: 'web',
})
exec('reload the rules of udev', { argv: ['udevadm', 'control', '--reload'], refreshOnly: true })`,
  name: Label,
  props: Props,

  problem(_name, { argv, creates, refreshOnly }, { onlyIf, unless }) {
    if (creates === undefined && !refreshOnly && !onlyIf && !unless)
      return 'would run each time. Say when there is nothing to do: creates, onlyIf, unless or refreshOnly.'
    return shellLike(argv)
  },

  check: (_name, want, { files }) =>
    want.refreshOnly || (want.creates !== undefined && files.stat(want.creates))
      ? []
      : [{ what: 'run', from: null, to: want.argv.join(' ') }],
  apply: (_name, want, host) => run(want, host),
  effects(name, { creates }, foreseen) {
    if (creates !== undefined) foreseen.foresee(creates, { kind: 'file' })
    foreseen.mayBring(`exec[${name}]`)
  },
  actions: { run: (_name, host, want) => run(want, host) },
  satisfies: (changes) => (changes.length > 0 ? ['run'] : []),
})

function shellLike([program, ...rest]: string[]) {
  if (rest.length === 0 && /[\s|&;<>$`]/.test(program ?? ''))
    return `has a whole command line as its program. No shell reads it: give a list, such as ${JSON.stringify((program ?? '').split(/\s+/))}.`
  const operator = rest.find((word) => /^([|&;]|&&|\|\||[0-9]?>{1,2}(&[0-9])?|<)$/.test(word))
  if (operator === undefined) return undefined
  return `hands ${operator} to ${program} as an argument, since no shell reads it. If a shell is meant: ['sh', '-c', '…'].`
}

async function run({ argv, cwd, env, user, exitCodes }: Want, host: Host) {
  const options: CommandOptions = {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(user === undefined ? {} : { user }),
  }
  const { exitCode, stdout, stderr } = await host.run(argv, options)
  if (exitCodes.includes(exitCode)) return
  const last = `${stdout.trimEnd()}\n${stderr}`.trim().split('\n').slice(-20).join('\n')
  throw new Error(
    `${argv.join(' ')} exited with ${exitCode}${last ? `. Its last lines:\n${last}` : ' and said nothing.'}`,
  )
}
