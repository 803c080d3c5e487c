import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../../protocol/errors.ts'
import { StartError } from '../start-error.ts'

const exec = promisify(execFile)

const unit = 'trivet-server.service'

/** Has systemd start the server now, and whenever this machine boots; it returns when the server answers. */
export async function enableUnit() {
  try {
    await exec('systemctl', ['cat', '--', unit])
  } catch (cause) {
    const next = 'Install the package trivet-server, or the unit as docs/install.md says.'
    throw new StartError(`There is no ${unit} here, or no systemd: ${messageOf(cause)}. ${next}`, { cause })
  }
  try {
    await exec('systemctl', ['enable', '--now', '--', unit])
  } catch (cause) {
    throw new StartError(`${unit} does not start: ${messageOf(cause)}. See: journalctl -u ${unit}`, { cause })
  }
}
