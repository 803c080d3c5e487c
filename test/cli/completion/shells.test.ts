import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { commands } from '../../../cli/commands/index.ts'
import { completionScript, shells, type Shell } from '../../../cli/completion/shells.ts'
import { completionTable } from '../../../cli/completion/table.ts'
import { tempDir } from '../../helpers/converges.ts'

const run = promisify(execFile)
const table = completionTable(commands)

/** A program that answers `names NOUN` as the real one would, without a server. */
const fakeProgram = `#!/bin/sh
[ "$1" = names ] && case "$2$3" in
  node) printf 'web-1\\nweb-2\\ndb-1\\n' ;;
  node--context=far) printf 'web-far\\n' ;;
  role) printf 'base\\nweb\\n' ;;
  cluster) printf '%s\\n' 'blue$(touch run-by-a-name)' ;;
esac
`

/** How each shell is asked, without a terminal, what it would offer for the last word. */
const asks: Record<Shell, (words: string[]) => string> = {
  bash: (words) => `source ./script
COMP_WORDS=(trivet ${words.map(quoted).join(' ')}); COMP_CWORD=${words.length}
_trivet; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (words) => `compdef() { }; source ./script
_describe() { for one in $found; do [[ $one == \${word##*=}* ]] && print -r -- \${one%%:*}; done }
compset() { }; _files() { print -l -- *(N) }
words=(trivet ${words.map(quoted).join(' ')}); CURRENT=${words.length + 1}
_trivet; true`,
  fish: (words) =>
    `source ./script; complete -C ${quoted(`trivet ${words.join(' ')}`)} | string replace -r '\\t.*' ''; true`,
}

const cases: { words: string[]; offered: string[]; not?: string[]; only?: Shell[] }[] = [
  { words: ['no'], offered: ['node'], not: ['run'] },
  { words: ['node', 'as'], offered: ['assign'] },
  { words: ['node', 'show', 'w'], offered: ['web-1', 'web-2'], not: ['db-1'] },
  { words: ['node', 'assign', 'web-1', ''], offered: ['base', 'web'], not: ['web-1'] },
  { words: ['node', 'assign', 'web-1', 'base', 'w'], offered: ['web'] },
  { words: ['node', 'list', '--'], offered: ['--role', '--cluster', '--json', '--help'] },
  { words: ['node', 'list', '--role', 'b'], offered: ['base'] },
  { words: ['node', 'list', '--role', 'base', '--cl'], offered: ['--cluster'] },
  { words: ['run', 'list', '--outcome', 'fa'], offered: ['failed'], not: ['unchanged'] },
  { words: ['converge', '-'], offered: ['-w', '--wait'] },
  { words: ['completion', ''], offered: ['bash', 'zsh', 'fish'] },
  { words: ['backup', 'scr'], offered: ['script'] },
]

for (const shell of shells) {
  test(`completions of ${shell} know verbs, flags, values and names`, async (t) => {
    const folder = await folderWith(shell, t)
    if (!folder) return
    for (const { words, offered, not = [] } of cases) {
      const found = await ask(shell, words, folder)
      for (const word of offered) assert(found.includes(word), `${words.join(' ')}: ${word} is not in ${found.join()}`)
      for (const word of not) assert(!found.includes(word), `${words.join(' ')}: ${word} is in ${found.join()}`)
    }
  })
}

for (const shell of shells) {
  test(`completions of ${shell} run nothing that a name has in it`, async (t) => {
    const folder = await folderWith(shell, t)
    if (!folder) return
    const found = await ask(shell, ['node', 'list', '--cluster', 'b'], folder)
    assert.match(found.join(), /^blue/)
    await assert.rejects(access(join(folder, 'run-by-a-name')), { code: 'ENOENT' })
  })
}

async function folderWith(shell: Shell, t: TestContext) {
  if (!(await isThere(shell))) return t.skip(`there is no ${shell} on this machine`)
  const folder = await tempDir(t)
  await writeFile(join(folder, 'script'), completionScript(shell, 'trivet', table))
  await writeFile(join(folder, 'trivet'), fakeProgram)
  await chmod(join(folder, 'trivet'), 0o755)
  return folder
}

async function ask(shell: Shell, words: string[], folder: string) {
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder }
  const { stdout } = await run(shell, ['-c', asks[shell](words)], { cwd: folder, env })
  return stdout.split('\n').filter(Boolean)
}

async function isThere(program: string) {
  const folders = process.env['PATH']?.split(':') ?? []
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program))))
  return found.some(({ status }) => status === 'fulfilled')
}

function quoted(text: string) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
