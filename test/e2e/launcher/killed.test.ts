import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { whyNoLab } from '../../../lab/requirements.ts'
import { tempDir } from '../../helpers/converges.ts'
import { olderImage, orphansOf } from '../../helpers/ec2-orphans.ts'
import { builderConsole } from '../../helpers/ec2-rules.ts'
import { type Ec2Server, startEc2Server } from '../../helpers/ec2-server.ts'
import { inLanes, type Kill, LauncherProcess } from '../../helpers/launcher-process.ts'
import { serve } from '../../helpers/test-server.ts'

const skip = whyNoLab() ?? false
/** So many launchers at a time, each with a cluster of its own: most of the time a launcher waits. */
const lanes = 6
let moto: Ec2Server

before(async () => {
  if (!skip) moto = await startEc2Server()
})
after(() => moto?.close())

const textOf = (cluster: string) => `cluster: ${cluster}
defaults:
  image: { owner: '099720109477', name: 'ubuntu/images/hvm-ssd/ubuntu-xenial-*' }
  instanceTypes: [t3.small]
groups:
  master:
    count: 1
    roles: [word]
    publicAddress: kept
    isProtected: true
    securityRules: [{ ports: 5050, from: { group: slave } }]
  slave:
    count: 2
    roles: [word]
    securityRules: [{ ports: 5051, from: { group: master } }, { ports: 22, from: 198.51.100.0/24 }]
`

/** From nothing to nothing. */
const life = [
  'up FILE --yes',
  'scale FILE slave 3 --yes',
  'scale FILE slave 2 --yes',
  'stop FILE',
  'start FILE',
  'reboot FILE --batch 2',
  'destroy FILE --force --yes',
]

/** A command, what it changes where nobody disturbs it, and what is there then. */
interface Step {
  command: string
  changes: string[]
  picture: Awaited<ReturnType<LauncherProcess['picture']>>
}

/** It hands out an agent by what it says; nobody fetches it. */
async function serveAgents(t: TestContext) {
  const agents = await tempDir(t)
  await writeFile(join(agents, 'SHA256SUMS'), '')
  return serve(t, { agents })
}

type Open = (name: string) => Promise<LauncherProcess>

async function undisturbed(open: Open, commands: string[]): Promise<Step[]> {
  const launcher = await open('whole')
  try {
    const steps: Step[] = []
    for (const command of commands) {
      const { changes } = await launcher.must(command)
      steps.push({ command, changes, picture: await launcher.picture() })
    }
    return steps
  } finally {
    await launcher.close()
  }
}

/** After each of them, and before the first that makes one of its kind: between one call and the next else only the launcher's own book differs. */
function killsOf({ changes }: Step): Kill[] {
  return changes.flatMap((action, index) => {
    const isFirst = /^ec2:(Run|Allocate|Create)/.test(action) && changes.indexOf(action) === index
    const moments = isFirst ? (['before', 'after'] as const) : (['after'] as const)
    return moments.map((when) => ({ at: index + 1, when }))
  })
}

/** Kills the command there, and asks it again: what is there then has to be as without the kill. */
async function killed(launcher: LauncherProcess, { command, picture }: Step, kill: Kill) {
  const cut = await launcher.launch(command, kill)
  const where = `${command}, killed ${kill.when} ${cut.changes[kill.at - 1]}, call ${kill.at}`
  assert.equal(cut.exitCode, null, `${where}: ${cut.stderr}`)
  const { exitCode, stderr } = await launcher.launch(command)
  assert.equal(exitCode, 0, `${where}: ${stderr}`)
  assert.deepEqual(await launcher.picture(), picture, where)
}

/** Has each of the steps killed at each of its calls; between them others are done undisturbed where `isNeeded`. */
async function killEverywhere(steps: Step[], open: Open, isNeeded: (step: Step) => boolean) {
  const lives = Math.max(...steps.map((step) => killsOf(step).length))
  const all = Array.from({ length: lives }, (_, index) => index)
  await inLanes(lanes, all, async (index) => {
    const launcher = await open(String(index))
    try {
      for (const step of steps) {
        const kill = killsOf(step)[index]
        if (kill) await killed(launcher, step, kill)
        else if (isNeeded(step)) await launcher.must(step.command)
      }
    } finally {
      await launcher.close()
    }
  })
}

/** One more has more calls to be killed at than one less, which has to follow it all the same. */
const isLess = ({ command }: Step) => command === 'scale FILE slave 2 --yes'

test(
  'a launcher killed at any call that changes something is gone on with by the same command',
  { skip },
  async (t) => {
    const served = await serveAgents(t)
    const open = (name: string) => {
      const cluster = `life-${name}`
      return LauncherProcess.open({ cluster, text: textOf(cluster), moto, served })
    }
    const steps = await undisturbed(open, life)
    const [first, last] = [steps.at(0), steps.at(-1)]
    assert.deepEqual(first?.picture.machines, ['c-master-1 running', 'c-slave-1 running', 'c-slave-2 running'])
    assert.deepEqual(first.picture.addresses, ['c-master-1 on c-master-1'])
    // Nothing is left.
    assert.deepEqual(Object.values(last?.picture ?? {}).flat(), [0])
    await killEverywhere(steps, open, (step) => step === first || step === last || isLess(step))
  },
)

test('so is one that bakes an image', { skip }, async (t) => {
  const served = await serveAgents(t)
  const open = async (name: string) => {
    const cluster = `bake-${name}`
    const launcher = await LauncherProcess.open({ cluster, text: textOf(cluster), moto, served })
    launcher.proxy.rules.console = builderConsole
    await olderImage(launcher.ec2, cluster)
    return launcher
  }
  const steps = await undisturbed(open, ['bake FILE slave --keep 1'])
  assert.deepEqual(steps[0]?.picture.images, ['c-slave'])
  assert(steps[0].changes.includes('ec2:DeregisterImage'))
  await killEverywhere(steps, open, () => false)
})

test('so is one that removes orphans', { skip }, async (t) => {
  const served = await serve(t)
  const open = async (name: string) => {
    const cluster = `gc-${name}`
    const launcher = await LauncherProcess.open({ cluster, text: textOf(cluster), moto, served })
    await orphansOf(launcher.ec2, cluster)
    return launcher
  }
  const steps = await undisturbed(open, ['gc FILE --keep 1 --yes'])
  assert.deepEqual(steps[0]?.picture.images, ['c-slave'])
  await killEverywhere(steps, open, () => false)
})
