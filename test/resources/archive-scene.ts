import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { archive } from '../../resources/archive.ts'
import { FakeHost, tempDir } from '../helpers/converges.ts'
import type { Piece } from './packing.ts'

export const app: Piece[] = [
  { path: 'app-1/', type: 'Directory', mode: 0o2775 },
  { path: 'app-1/bin/run', text: '#!/bin/sh\n', mode: 0o4777 },
  { path: 'app-1/readme', text: 'read me', mode: 0o640 },
  { path: 'app-1/current', type: 'SymbolicLink', to: 'bin/../bin/run' },
  { path: 'app-1/again', type: 'Link', to: 'app-1/readme' },
]

/** Lays an archive where `archive[dir/app]` finds it. */
export async function scene(t: TestContext, name: string, bytes: Buffer) {
  const dir = await tempDir(t)
  const kept = await tempDir(t)
  writeFileSync(join(kept, name), bytes)
  return { dir, path: join(dir, 'app'), file: join(kept, name) }
}

export async function apply(path: string, props: object, host = new FakeHost()) {
  const want = archive.props.parse(props)
  const changes = await archive.check(path, want, host)
  await archive.apply(path, want, host, changes)
}
