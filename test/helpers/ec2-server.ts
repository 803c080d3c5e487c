import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { defaultCacheDir, ensureBase } from '../../lab/base.ts'
import { ensureRequirements } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { freePort } from './proxies.ts'

export interface Ec2Server {
  url: string
  close(): Promise<void>
}

const quiet = () => undefined

/** Debian's moto, which answers EC2's API on loopback, from a root of its own that is made once on this machine. */
export async function startEc2Server(): Promise<Ec2Server> {
  await ensureRequirements(quiet)
  const packages = ['python3-moto', 'python3-flask-cors']
  const base = await ensureBase({ os: 'trixie', packages, cacheDir: defaultCacheDir, note: quiet })
  const port = await freePort()
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    PYTHONDONTWRITEBYTECODE: '1',
    MOTO_ENABLE_KEYPAIR_VALIDATION: '1',
    MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: '1',
    MOTO_ENABLE_AMI_VALIDATION: '1',
  }
  const argv = [base, 'python3', '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)]
  const child = spawn('chroot', argv, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const url = `http://127.0.0.1:${port}`
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}: ${said}`)
    return (await fetch(`${url}/moto-api/data.json`).catch(() => undefined))?.ok
  }
  await until('moto to answer', isUp, 60_000)
  return {
    url,
    async close() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}
