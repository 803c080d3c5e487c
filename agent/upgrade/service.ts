import type { Host } from '../../resources/host.ts'
import type { Court } from './judge.ts'

const unit = 'trivet-agent.service'
/** The unit gives a run 90 s to end before it is killed. */
const stopMs = 180_000

/** The agent's unit, as the judge has it stopped and started. */
export function serviceOf(run: Host['run']): Court['service'] {
  const must = async (argv: string[], timeoutMs = 60_000) => {
    const { exitCode, stdout, stderr } = await run(argv, { timeoutMs })
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr.trim()}`)
    return stdout
  }
  return {
    stop: async () => void (await must(['systemctl', 'stop', unit], stopMs)),
    start: async () => void (await must(['systemctl', 'start', '--no-block', unit])),
    lastLines: (since) =>
      must([
        'journalctl',
        `--unit=${unit}`,
        `--since=@${Math.floor(since / 1000)}`,
        '--lines=20',
        '--output=cat',
        '--no-pager',
      ]),
  }
}
