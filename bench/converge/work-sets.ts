import * as w1 from '../recipes/w1/wanted.ts'
import * as w2 from '../recipes/w2/wanted.ts'
import * as w5 from '../recipes/w5/wanted.ts'

/** One desired state, told to every contender in its own language. All is owned by root, directories 0755, files 0644. */
export interface WorkSet {
  name: WorkSetName
  summary: string
  /** Of ours, in the folders beside this one: it declares the same. */
  role: string
  directories: string[]
  files: WantedFile[]
  packages: string[]
  services: string[]
}

export interface WantedFile {
  path: string
  content: string
  /** What a template makes the content from. */
  variables?: { number: number; port: number; mode: string; members: string[] }
}

export const workSetNames = ['W1', 'W2', 'W5'] as const
export type WorkSetName = (typeof workSetNames)[number]

export const workSets: Record<WorkSetName, WorkSet> = {
  W1: {
    name: 'W1',
    summary: '1,000 files of 1 KiB in 50 directories',
    role: 'w1',
    directories: w1.directories,
    files: w1.files,
    packages: [],
    services: [],
  },
  W2: {
    name: 'W2',
    summary: '100 packages, 50 templated files, 10 services',
    role: 'w2',
    directories: [w2.directory],
    files: w2.files.map(({ path, ...variables }) => ({ path, variables, content: rendered(variables) })),
    packages: w2.packages,
    services: w2.services,
  },
  W5: {
    name: 'W5',
    summary: 'one file',
    role: 'w5',
    directories: [w5.directory],
    files: [w5.file],
    packages: [],
    services: [],
  },
}

/** What the template of every contender has to give. */
function rendered({ number, port, mode, members }: NonNullable<WantedFile['variables']>) {
  return `# Service ${number}: written by the configuration system, changes are lost.
[service]
number = ${number}
port = ${port}
mode = ${mode}

[members]
${members.map((member) => `${member} = weight ${number}\n`).join('')}`
}
