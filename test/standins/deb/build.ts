import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildDeb, type Deb } from '../../helpers/deb.ts'
import { marathonDeb, mesosDeb } from './contents.ts'

/** The Node.js that lab nodes see there (nodeBind): they have no other. This is why the packages are for tests on lab nodes alone. */
const node = '/opt/node/bin/node'

interface BuiltDeb {
  file: string
  path: string
  sha256: string
}

export interface Standins {
  mesos: BuiltDeb
  marathon: BuiltDeb
}

/** Builds the packages of the stand-ins into the folder; the same bytes each time. */
export async function buildStandins(dir: string): Promise<Standins> {
  mkdirSync(dir, { recursive: true })
  const [master, slave, marathon] = await Promise.all(['mesos-master', 'mesos-slave', 'marathon'].map(bundle))
  const keep = (deb: Deb): BuiltDeb => {
    const bytes = buildDeb(deb)
    const file = `${deb.name}_${deb.version}_all.deb`
    writeFileSync(join(dir, file), bytes)
    return { file, path: join(dir, file), sha256: createHash('sha256').update(bytes).digest('hex') }
  }
  return {
    mesos: keep(mesosDeb({ master: master ?? '', slave: slave ?? '' })),
    marathon: keep(marathonDeb(marathon ?? '')),
  }
}

/** A program with all that it needs in one text. */
async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '..', name, 'main.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: {
      js: `#!${node}\nimport { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)`,
    },
  })
  return outputFiles[0]?.text ?? ''
}
