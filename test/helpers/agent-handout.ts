import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
