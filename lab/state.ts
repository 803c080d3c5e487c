import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const runDir = '/run/trivet-lab'
const dataDir = '/var/lib/trivet-lab'

export const Os = z.enum(['trixie', 'bookworm'])
export type Os = z.infer<typeof Os>

export const LabName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'a lab is named by lower-case letters, digits and hyphens, starting with a letter')

/** A process that cannot be taken for a later one with the same number. */
const ProcessId = z.strictObject({ pid: z.number(), startTime: z.string() })
export type ProcessId = z.infer<typeof ProcessId>

export const NodeState = z.strictObject({
  name: z.string(),
  address: z.string(),
  /** Names the nspawn machine, its cgroups and (`vb-...`) its link: short, as a link has at most 15 characters. */
  machine: z.string(),
})
export type NodeState = z.infer<typeof NodeState>

/** What other processes may know of a lab; lies in /run, so a reboot of the host forgets it. */
export const LabState = z.strictObject({
  name: LabName,
  os: Os,
  subnet: z.number(),
  ready: z.boolean(),
  owner: ProcessId,
  reaper: ProcessId.optional(),
  nodes: z.array(NodeState),
})
export type LabState = z.infer<typeof LabState>

export const labsLock = join(runDir, '.lock')
export const labRunDir = (lab: string) => join(runDir, lab)
export const labDataDir = (lab: string) => join(dataDir, lab)
/** Where the output of a detached lab goes; hidden, so that it is not taken for a lab. */
export const detachedLog = (lab: string) => join(runDir, `.${lab}.log`)
/** Where the process that holds a detached lab can be asked (control.ts). */
export const controlSocket = (lab: string) => join(labRunDir(lab), 'control')
/** What launched.ts keeps. */
export const launchedFile = (lab: string) => join(labRunDir(lab), 'launched.json')
export const nodeDir = (lab: string, node: string) => join(labDataDir(lab), node)
export const nodeRoot = (lab: string, node: string) => join(nodeDir(lab, node), 'root')
export const consoleLog = (lab: string, node: string) => join(labRunDir(lab), `${node}.console`)
/** Lies there while the node's network is cut, so that a reboot does not heal it. */
export const cutMark = (lab: string, node: string) => join(labRunDir(lab), `${node}.cut`)

// Synchronous, so that nodes added side by side cannot mix their writes.
export function writeState(state: LabState): void {
  const path = join(labRunDir(state.name), 'lab.json')
  mkdirSync(labRunDir(state.name), { recursive: true })
  writeFileSync(`${path}.new`, JSON.stringify(state))
  renameSync(`${path}.new`, path)
}

export async function readState(lab: string): Promise<LabState | undefined> {
  const path = join(labRunDir(lab), 'lab.json')
  return existsSync(path) ? LabState.parse(JSON.parse(await readFile(path, 'utf8'))) : undefined
}

/** Names of all labs that left a trace, dead ones too. */
export async function findLabNames(): Promise<string[]> {
  const found = await Promise.all([runDir, dataDir].filter(existsSync).map((dir) => readdir(dir)))
  return [...new Set(found.flat())].filter((name) => LabName.safeParse(name).success).toSorted()
}
