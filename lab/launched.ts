import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import { launchedFile } from './state.ts'

const LaunchedNode = z.object({
  name: z.string(),
  /** What whoever asked for it knows it by. */
  labels: z.record(z.string(), z.string()),
  /** ms since 1970. */
  madeAt: z.int(),
  /** It was not turned off; a reboot does not count. */
  isOn: z.boolean(),
})
export type LaunchedNode = z.infer<typeof LaunchedNode>

/** What other processes may know of the nodes that were asked for by name, beside what they may know of all nodes of a lab. */
const Kept = z.object({
  /** Those of the lab's base, beside the plain ones. */
  packages: z.array(z.string()),
  nodes: z.array(LaunchedNode),
})

/** Kept by the process that holds the lab. */
export class Launched {
  readonly #lab: string
  readonly #packages: string[]
  readonly #nodes = new Map<string, LaunchedNode>()

  constructor(lab: string, packages: string[]) {
    this.#lab = lab
    this.#packages = packages
    this.#write()
  }

  isThere(name: string, labels: Record<string, string>) {
    return isDeepStrictEqual(this.#nodes.get(name)?.labels, labels)
  }

  add(name: string, labels: Record<string, string>) {
    if (!this.#packages.includes('cloud-init'))
      throw new CommandError(`The base of lab ${this.#lab} has no cloud-init.`)
    this.#nodes.set(name, { name, labels, madeAt: Date.now(), isOn: true })
    this.#write()
  }

  power(name: string, isOn: boolean) {
    const node = this.#nodes.get(name)
    if (!node || node.isOn === isOn) return
    node.isOn = isOn
    this.#write()
  }

  forget(name: string) {
    if (this.#nodes.delete(name)) this.#write()
  }

  #write() {
    const path = launchedFile(this.#lab)
    const kept: z.infer<typeof Kept> = { packages: this.#packages, nodes: [...this.#nodes.values()] }
    writeFileSync(`${path}.new`, JSON.stringify(kept))
    renameSync(`${path}.new`, path)
  }
}

export async function readLaunched(lab: string) {
  const path = launchedFile(lab)
  return existsSync(path) ? Kept.parse(JSON.parse(await readFile(path, 'utf8'))) : undefined
}
