import { readFileSync } from 'node:fs'
import { run, until } from './run.ts'

/** What is mounted below a directory, the innermost first. */
export function findMounts(dir: string): string[] {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  return targets.filter((target) => target.startsWith(`${dir}/`)).toReversed()
}

/** Unmounts all that is mounted below a directory; what is still in use is awaited. */
export async function unmountAll(dir: string): Promise<void> {
  let trouble = ''
  await until(
    () => `the mounts below ${dir} to be free. ${trouble}`,
    async () => {
      trouble = ''
      for (const target of findMounts(dir)) trouble += (await run(['umount', '--', target])).stderr
      return findMounts(dir).length === 0
    },
  )
}
