import { commandFailed } from '../define.ts'
import { type Foreseen, type Host, Unforeseeable } from '../host.ts'
import { runIfThere } from '../system/run-if-there.ts'

/** What a Go template makes of an image or a container; undefined where there is none of that name, no docker, or no daemon that answers. */
export async function inspect(kind: 'image' | 'container', name: string, template: string, host: Pick<Host, 'run'>) {
  const argv = ['docker', kind, 'inspect', '--format', template, '--', name]
  const result = await runIfThere(host, argv)
  if (result?.exitCode === 0) return result.stdout.trim()
  const isMissing = !result || /no such|not found|cannot connect to the docker daemon/i.test(result.stderr)
  if (!isMissing) throw new Error(commandFailed(argv, result))
  return undefined
}

/** What Docker will do is known of it once it is there. */
export async function assertAnswers({ look }: Foreseen) {
  const result = await runIfThere({ run: look }, ['docker', 'version', '--format', '{{.Server.Version}}'])
  if (result?.exitCode !== 0)
    throw new Unforeseeable(
      `docker does not answer on this node now: ${result?.stderr.trim() || 'it is not installed'}. Declare the pkg and the service that bring it before.`,
    )
}
