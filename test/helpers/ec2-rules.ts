export interface Answer {
  status: number
  type: string
  text: string
}
export type Forward = (asked: URLSearchParams) => Promise<Answer>

/** As EC2 refuses. */
export class Refused extends Error {
  code: string
  status: number
  constructor(code: string, words: string, status = 400) {
    super(words)
    this.code = code
    this.status = status
  }

  xml() {
    return `<Response><Errors><Error><Code>${this.code}</Code><Message>${this.message}</Message></Error></Errors><RequestID>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestID></Response>`
  }
}

/** What EC2 does and moto does not. */
export class Ec2Rules {
  /** How long what was just made is unknown, and what was just terminated seems to run. */
  lateMs = 0
  /** Type and zone that have no room: `t3.small eu-west-1a`. */
  full = new Set<string>()
  /** Machines that went from pending to terminated, each with EC2's reason. */
  reasons = new Map<string, { code: string; words: string }>()
  /** What each machine has written to its console; moto's own, which is always the same, if not said. */
  console: ((id: string) => string) | undefined
  #launched = new Map<string, { asked: string; answer: Answer; id: string }>()
  #knownAt = new Map<string, number>()
  #seenDeadAt = new Map<string, number>()

  async answer(action: string, asked: URLSearchParams, forward: Forward): Promise<Answer> {
    this.#refuseUnknown(asked)
    if (action === 'RunInstances') return this.#launch(asked, forward)
    if (action === 'DeleteSecurityGroup') await refuseGroupInUse(asked.get('GroupId') ?? '', forward)
    if (action === 'ReleaseAddress') await refuseAddressInUse(asked.get('AllocationId') ?? '', forward)
    if (action === 'GetConsoleOutput' && this.console) return consoleOutput(asked, this.console)
    if (action === 'CreateImage') return createImage(asked, forward)
    if (action === 'DeregisterImage') return deregisterImage(asked, forward)
    if (action === 'TerminateInstances') return this.#terminate(asked, forward)
    const answer = await forward(this.#withoutTokens(asked))
    if (action.startsWith('Create') || action.startsWith('Allocate')) this.#hide(answer.text)
    return action.startsWith('Describe') ? { ...answer, text: this.#asSeen(action, answer.text) } : answer
  }

  async #launch(asked: URLSearchParams, forward: Forward): Promise<Answer> {
    const userData = Buffer.from(asked.get('UserData') ?? '', 'base64')
    if (userData.length > 16_384) throw new Refused('InvalidParameterValue', 'User data is limited to 16384 bytes')
    if (asked.get('DryRun') === 'true') return forward(asked)
    const token = asked.get('ClientToken') ?? ''
    const before = this.#launched.get(token)
    if (before) return this.#again(before, asked)
    const where = `${asked.get('InstanceType')} ${asked.get('Placement.AvailabilityZone')}`
    if (this.full.has(where)) throw new Refused('InsufficientInstanceCapacity', `There is no room for ${where}.`, 500)
    const answer = await forward(asked)
    if (answer.status !== 200) return answer
    const [id = ''] = idsIn(answer.text)
    this.#launched.set(token, { asked: asked.toString(), answer, id })
    this.#hide(answer.text)
    return answer
  }

  #again({ asked: first, answer, id }: { asked: string; answer: Answer; id: string }, asked: URLSearchParams) {
    if (first !== asked.toString())
      throw new Refused(
        'IdempotentParameterMismatch',
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
      )
    if (this.#seenDeadAt.has(id))
      throw new Refused('IdempotentInstanceTerminated', `The instance ${id} of this token is terminated.`)
    return answer
  }

  /** Moto fails over those that are terminated already. */
  async #terminate(asked: URLSearchParams, forward: Forward): Promise<Answer> {
    const living = [...asked].filter(([key, id]) => !key.startsWith('InstanceId.') || !this.#seenDeadAt.has(id))
    if (!living.some(([key]) => key.startsWith('InstanceId.'))) {
      const none = '<TerminateInstancesResponse><instancesSet/></TerminateInstancesResponse>'
      return { status: 200, type: 'text/xml', text: none }
    }
    const answer = await forward(new URLSearchParams(living))
    for (const id of idsIn(answer.text)) this.#seenDeadAt.set(id, Date.now() + this.lateMs)
    return answer
  }

  /** Moto does not keep tokens, so it cannot look for them. */
  #withoutTokens(asked: URLSearchParams) {
    const key = [...asked].find(([, value]) => value === 'client-token')?.[0]
    if (!key) return asked
    const value = key.replace(/Name$/, 'Value.1')
    const known = new URLSearchParams(asked)
    known.set(key, 'instance-id')
    known.set(value, this.#launched.get(asked.get(value) ?? '')?.id ?? 'i-none')
    return known
  }

  #hide(text: string) {
    for (const id of text.match(/\b(i|sg|eipalloc|ami)-[0-9a-f]{17}\b/g) ?? []) {
      if (!this.#knownAt.has(id)) this.#knownAt.set(id, Date.now() + this.lateMs)
    }
  }

  #isHidden(id: string) {
    return (this.#knownAt.get(id) ?? 0) > Date.now()
  }

  #refuseUnknown(asked: URLSearchParams) {
    for (const [key, id] of asked) {
      if (!this.#isHidden(id) || key.startsWith('Filter.')) continue
      const kinds = { i: 'InvalidInstanceID', sg: 'InvalidGroup', eipalloc: 'InvalidAllocationID', ami: 'InvalidAMIID' }
      const kind = Object.entries(kinds).find(([prefix]) => id.startsWith(`${prefix}-`))?.[1] ?? 'Invalid'
      throw new Refused(`${kind}.NotFound`, `The ID '${id}' does not exist`)
    }
  }

  /** Without what is hidden, and with what is dead as it was before. */
  #asSeen(action: string, text: string) {
    const naming = described[action]
    return topItems(text).reduce((rest, item) => {
      const id = naming?.exec(item)?.[1] ?? ''
      if (this.#isHidden(id)) return rest.replace(item, '')
      const reason = this.reasons.get(idsIn(item)[0] ?? '')
      const seen = this.#isStale(item) ? asRunning(item) : reason ? withReason(item, reason) : item
      return rest.replace(item, () => seen)
    }, text)
  }

  #isStale(item: string) {
    return idsIn(item).some((id) => (this.#seenDeadAt.get(id) ?? 0) > Date.now())
  }
}

const described: Record<string, RegExp> = {
  DescribeInstances: /<instanceId>(i-[0-9a-f]+)/,
  DescribeSecurityGroups: /<groupId>(sg-[0-9a-f]+)/,
  DescribeAddresses: /<allocationId>(eipalloc-[0-9a-f]+)/,
  DescribeImages: /<imageId>(ami-[0-9a-f]+)/,
}

function withReason(item: string, { code, words }: { code: string; words: string }) {
  return item.replace(
    /<stateReason>.*?<\/stateReason>/s,
    `<stateReason><code>${code}</code><message>${words}</message></stateReason>`,
  )
}

function asRunning(item: string) {
  return item.replace(/<code>48<\/code>\s*<name>terminated<\/name>/, '<code>16</code><name>running</name>')
}

function idsIn(text: string) {
  return [...text.matchAll(/<instanceId>(i-[0-9a-f]+)<\/instanceId>/g)].map(([, id = '']) => id)
}

/** The outermost items of an answer, each with all that is in it. */
function topItems(text: string): string[] {
  const found: string[] = []
  let depth = 0
  let from = 0
  for (const { 0: tag, index = 0 } of text.matchAll(/<item>|<\/item>/g)) {
    if (tag === '<item>' && depth++ === 0) from = index
    if (tag === '</item>' && --depth === 0) found.push(text.slice(from, index + tag.length))
  }
  return found
}

async function ask(forward: Forward, parameters: Record<string, string>): Promise<string> {
  return (await forward(new URLSearchParams({ Version: '2016-11-15', ...parameters }))).text
}

async function refuseGroupInUse(id: string, forward: Forward): Promise<void> {
  const machines = await ask(forward, { Action: 'DescribeInstances' })
  const isUsed = topItems(machines).some((item) => item.includes(id) && !/<name>terminated<\/name>/.test(item))
  const others = topItems(await ask(forward, { Action: 'DescribeSecurityGroups' }))
  const isNamed = others.some((item) => firstGroup(item) !== id && item.includes(id))
  if (isUsed || isNamed) throw new Refused('DependencyViolation', `resource ${id} has a dependent object`)
}

function firstGroup(item: string) {
  return /<groupId>(sg-[0-9a-f]+)<\/groupId>/.exec(item)?.[1]
}

async function refuseAddressInUse(id: string, forward: Forward): Promise<void> {
  const text = await ask(forward, { Action: 'DescribeAddresses', 'AllocationId.1': id })
  if (/<associationId>eipassoc/.test(text)) throw new Refused('InvalidIPAddress.InUse', `The address ${id} is in use.`)
}

/** What a builder writes that has come to its end: moto boots nothing, and its own console output is always that of some kernel. */
export function builderConsole() {
  const phases = ['begin', 'server', 'join', 'clean', 'baked']
  return phases.map((phase) => `trivet-boot: phase ${phase}\r\n`).join('')
}

function consoleOutput(asked: URLSearchParams, written: (id: string) => string): Answer {
  const id = asked.get('InstanceId') ?? ''
  const output = Buffer.from(written(id)).toString('base64')
  const text = `<GetConsoleOutputResponse><instanceId>${id}</instanceId><timestamp>2026-01-02T03:04:05.000Z</timestamp><output>${output}</output></GetConsoleOutputResponse>`
  return { status: 200, type: 'text/xml', text }
}

/** Moto fails over tags of snapshots: they are put on afterwards. */
async function createImage(asked: URLSearchParams, forward: Forward): Promise<Answer> {
  const name = asked.get('Name') ?? ''
  const same = await ask(forward, { Action: 'DescribeImages', 'Filter.1.Name': 'name', 'Filter.1.Value.1': name })
  if (topItems(same).length > 0) throw new Refused('InvalidAMIName.Duplicate', `AMI name ${name} is already in use`)
  const of = [...asked].find(([key, value]) => key.endsWith('.ResourceType') && value === 'snapshot')?.[0]
  const prefix = of?.replace(/ResourceType$/, '') ?? '-'
  const tags = [...asked].filter(([key]) => key.startsWith(`${prefix}Tag.`))
  const answer = await forward(new URLSearchParams([...asked].filter(([key]) => !key.startsWith(prefix))))
  const image = /<imageId>(ami-[0-9a-f]+)/.exec(answer.text)?.[1]
  const snapshots = image ? await snapshotsOf(image, forward) : []
  for (const id of snapshots) {
    const named = tags.map(([key, value]) => [key.slice(prefix.length), value] as const)
    await ask(forward, { Action: 'CreateTags', 'ResourceId.1': id, ...Object.fromEntries(named) })
  }
  return answer
}

async function snapshotsOf(image: string, forward: Forward): Promise<string[]> {
  const text = await ask(forward, { Action: 'DescribeImages', 'ImageId.1': image })
  return [...text.matchAll(/<snapshotId>(snap-[0-9a-f]+)/g)].map(([, id = '']) => id)
}

async function deregisterImage(asked: URLSearchParams, forward: Forward): Promise<Answer> {
  const snapshots = await snapshotsOf(asked.get('ImageId') ?? '', forward)
  const answer = await forward(asked)
  if (asked.get('DeleteAssociatedSnapshots') === 'true') {
    for (const SnapshotId of snapshots) await ask(forward, { Action: 'DeleteSnapshot', SnapshotId })
  }
  return answer
}
