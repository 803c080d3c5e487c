import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { platformHere } from '../../../packaging/platform.ts'
import { writeSums } from '../../../packaging/sums.ts'
import { Handout } from '../../../server/install/handout.ts'
import { makeAuthority } from '../../helpers/authority.ts'
import { tempDir } from '../../helpers/converges.ts'

export const script = fileURLToPath(new URL('../../../server/install/install.sh', import.meta.url))
export const platform = platformHere()

const asRoot = ['--map-root-user', '--mount', '--', 'sh', '-euc']
/** What is written goes nowhere: this machine's own programs are below it. */
const bare = `
  for top in /mnt /run /var /etc/systemd/system; do mount -t tmpfs tmpfs "$top"; done
  mkdir -p /mnt/upper /mnt/work /run/systemd/system /var/lib /var/cache
  mount -t overlay -o lowerdir=/usr,upperdir=/mnt/upper,workdir=/mnt/work,userxattr overlay /usr
  rm -rf /usr/lib/trivet`
const works = spawnSync('unshare', [...asRoot, bare]).status === 0
export const skip = works ? false : 'a namespace with files of its own cannot be made here'

/** Counts how often it joins, and is not small. */
const agent = `#!/bin/sh
read -r invitation
mkdir -p /var/lib/trivet-agent
echo "$invitation" >>/var/lib/trivet-agent/identity.json
`

interface Given {
  /** How many bytes are in the agent beside what it does: random ones, or such as pack to nothing. */
  padding?: Buffer
  /** What is handed out as the list of agents; by default that of the one there is. */
  sums?: string
  authority?: Awaited<ReturnType<typeof makeAuthority>>
  /** Before a file is handed out. */
  hold?: (url: string) => Promise<unknown> | undefined
}

/** A server that hands out an agent, and a machine that has none, on which `run` runs lines of shell: `$install` is the script. */
export async function bareMachine(t: TestContext, { padding = Buffer.alloc(0), sums, authority, hold }: Given = {}) {
  const dir = await tempDir(t)
  const [folder, bin, temporary] = [join(dir, 'agents'), join(dir, 'bin'), join(dir, 'tmp')]
  for (const each of [folder, bin, temporary]) mkdirSync(each)
  const archive = `trivet-agent-1.0.0-${platform}.tar.gz`
  writeFileSync(join(dir, 'trivet-agent'), Buffer.concat([Buffer.from(`${agent}exit\n`), padding]))
  writeFileSync(join(dir, 'trivet-agent.service'), '[Service]\n')
  execFileSync('tar', ['-czf', join(folder, archive), '-C', dir, 'trivet-agent', 'trivet-agent.service'])
  await writeSums(folder)
  if (sums !== undefined) writeFileSync(join(folder, 'SHA256SUMS'), sums)

  const { ca, key, cert, sha256: pin } = authority ?? (await makeAuthority())
  const app = Fastify({ https: { key, cert } })
  app.addHook('onRequest', async ({ url }) => void (await hold?.(url)))
  new Handout(folder, ca).register(app)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())

  /** In the place of a tool of that name. */
  const stub = (name: string, lines: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${lines}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  stub('systemctl', 'exit 0')
  const run = (lines: string, more: Record<string, string> = {}) => {
    const env = {
      PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
      TMPDIR: temporary,
      TRIVET_JOIN: `id.secret.${pin}@${url}`,
      install: script,
      dir,
      ...more,
    }
    return new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
      const child = execFile('unshare', [...asRoot, `${bare}\n${lines}`], { env }, (_error, stdout, stderr) =>
        resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
      )
    })
  }
  return { dir, temporary, archive, url, pin, stub, run }
}
