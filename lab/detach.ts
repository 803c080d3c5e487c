import { closeSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError } from '../cli/command.ts'
import { freeName } from './lab.ts'
import { findLabs } from './remove.ts'
import { until } from './run.ts'
import { spawnScript } from './script.ts'
import { detachedLog, readState, type LabState, type Os } from './state.ts'

export interface DetachOptions {
  count: number
  os: Os
  name?: string | undefined
  /** Debian packages that every node has from the start. */
  packages?: string[]
}

/** Starts `lab up` as a process that lives on without us, and waits until its nodes are up. */
export async function detachLab(
  { count, os, name: wanted, packages = [] }: DetachOptions,
  note: (text: string) => void,
): Promise<LabState> {
  const labs = await findLabs()
  const name = wanted ?? freeName(labs)
  if (labs.some((lab) => lab.name === name)) throw new CommandError(`There is a lab named ${name} already.`)
  const logPath = detachedLog(name)
  mkdirSync(dirname(logPath), { recursive: true })
  const log = openSync(logPath, 'w')
  const child = spawnScript('main.ts', [name, os, String(count), ...packages], ['ignore', log, log])
  closeSync(log)

  let ended = false
  child.once('exit', () => (ended = true))
  note(`${beginning(count, name)}; its output: ${logPath}`)
  const state = await until(
    `lab ${name} to be up`,
    async () => {
      if (ended) throw new CommandError(`Lab ${name} did not come up: ${(await readFile(logPath, 'utf8')).trim()}`)
      const found = await readState(name)
      return found?.ready && found.owner.pid === child.pid && found
    },
    30 * 60_000, // a base may have to be downloaded first
  )
  child.unref()
  return state
}

/** What is told of a lab that begins; one of a cluster has no nodes yet. */
export function beginning(count: number, name: string) {
  return count === 0 ? `Starting lab ${name}` : `Booting ${count} node${count === 1 ? '' : 's'} as lab ${name}`
}
