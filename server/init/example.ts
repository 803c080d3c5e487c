import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasCode } from '../../protocol/errors.ts'

const recipe = `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'

export default defineRecipe({
  description: 'A greeting for who logs in.',
  attributes: z.strictObject({
    greeting: z.string().default('hello').describe('What to say.'),
  }),

  declare({ attributes, node, file }) {
    file('/etc/motd', { content: \`\${attributes.greeting} from \${node.name}\\n\`, mode: '0644' })
  },
})
`

const role = `import { defineRole } from 'trivet/role'

export default defineRole({ description: 'Greets.', recipes: ['hello'] })
`

/** Writes a recipe and a role to begin with; what is there already stays as it is. Gives the paths of those that it wrote. */
export async function writeExample({ recipes, roles }: { recipes: string; roles: string }) {
  const files = { [join(recipes, 'hello/hello.ts')]: recipe, [join(roles, 'hello.ts')]: role }
  const written: string[] = []
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    if (await writeUnlessThere(path, text)) written.push(path)
  }
  return written
}

async function writeUnlessThere(path: string, text: string) {
  try {
    await writeFile(path, text, { mode: 0o644, flag: 'wx' })
    return true
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    return false
  }
}
