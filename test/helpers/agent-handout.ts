import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicPartOf, signatureOf } from '../../agent/build/signing.ts'
import { writeSums } from '../../packaging/sums.ts'

export function signingKey() {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicPart: publicPartOf(privateKey) }
}

/** What a server hands out, in `folder`: an agent of that version which is a script, signed by the key. */
export async function handOutScript(
  folder: string,
  {
    version,
    platform,
    script,
    key,
  }: { version: string; platform: string; script: string; key: ReturnType<typeof signingKey> },
) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, platform), { recursive: true })
  const program = join(folder, platform, 'trivet-agent')
  writeFileSync(program, script)
  chmodSync(program, 0o755)
  const archive = join(folder, `trivet-agent-${version}-${platform}.tar.gz`)
  execFileSync('tar', ['-czf', archive, '-C', join(folder, platform), 'trivet-agent'])
  await writeSums(folder)
  sign(folder, key)
}

/** Anew, by that key. */
export function sign(folder: string, { privateKey }: ReturnType<typeof signingKey>) {
  writeFileSync(
    join(folder, 'SHA256SUMS.sig'),
    signatureOf(readFileSync(join(folder, 'SHA256SUMS'), 'utf8'), privateKey),
  )
}

/** An agent that says its version, and otherwise does that. */
export function scriptOf(version: string, otherwise: string) {
  return `#!/bin/sh\n[ "$1" = --version ] && { echo 'trivet-agent ${version}'; exit 0; }\n${otherwise}\n`
}

/** All versions that lie in the folder, by the commands that docs/operating.md tells. */
export function listAndSign(folder: string, { privateKey }: ReturnType<typeof signingKey>) {
  const home = mkdtempSync(join(tmpdir(), 'trivet-key-'))
  try {
    writeFileSync(join(home, 'trivet-signing.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
    const told = /^sha256sum .*\nopenssl .*$/m.exec(page)?.[0]
    if (told === undefined) throw new Error('docs/operating.md tells no way to list and sign several versions')
    execFileSync('sh', ['-euc', told], { cwd: folder, env: { ...process.env, HOME: home } })
  } finally {
    rmSync(home, { recursive: true })
  }
}
