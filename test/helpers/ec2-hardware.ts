import { DescribeInstanceAttributeCommand, DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'
import { formatToken, parseInvitation } from '../../protocol/token.ts'
import type { Watcher } from './ec2-proxy.ts'
import { type AgentKey, enrol, factsOf } from './fake-agent.ts'
import { again } from './reporting-agent.ts'
import type { Served } from './test-server.ts'

interface Machine {
  id: string
  node: string
  address: string
  keys?: AgentKey
  agent?: Awaited<ReturnType<typeof again>>
}

/** What tries an image has none. */
const rolesOf = (node: string) => (node.endsWith('-trial') ? [] : ['word'])
const turning = /^ec2:(Run|Start|Stop|Reboot|Terminate)Instances$/

/**
 * What EC2 itself is not there for: each machine of one cluster has an agent of the tests' own, which joins by the invitation in its user data, is connected
 * while the machine runs, and has converged at once to the role `word`.
 */
export class Hardware {
  readonly #ec2: EC2Client
  readonly #served: Served
  readonly #cluster: string
  readonly #machines = new Map<string, Machine>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ec2: EC2Client, served: Served, cluster: string) {
    this.#ec2 = ec2
    this.#served = served
    this.#cluster = cluster
  }

  /** A machine is on or off before the call that has turned it is answered. */
  readonly watch: Watcher = async ({ action, parameters }, when) => {
    if (when === 'before' || !turning.test(action)) return 'pass'
    const rebooted = action === 'ec2:RebootInstances' ? [...parameters.values()] : []
    const follow = () => this.#follow(rebooted)
    this.#turn = this.#turn.then(follow)
    await this.#turn
    return 'pass'
  }

  /** Fails with what went wrong. */
  async end() {
    try {
      await this.#turn
    } finally {
      for (const { agent } of this.#machines.values()) agent?.socket.terminate()
    }
  }

  async #follow(rebooted: string[]) {
    const running = await this.#running()
    const isOn = (id: string) => running.some((machine) => machine.id === id)
    for (const machine of this.#machines.values())
      if (machine.agent && (!isOn(machine.id) || rebooted.includes(machine.id))) await this.#turnOff(machine)
    for (const found of running) {
      const machine = this.#machines.get(found.id) ?? found
      this.#machines.set(machine.id, machine)
      if (!machine.agent) await this.#turnOn(Object.assign(machine, { address: found.address }))
    }
  }

  /** Those that are to be nodes: what bakes an image joins nothing. */
  async #running(): Promise<Machine[]> {
    const Filters = [
      { Name: 'tag:trivet:cluster', Values: [this.#cluster] },
      { Name: 'tag:trivet:node', Values: ['*'] },
      { Name: 'instance-state-name', Values: ['running'] },
    ]
    const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({ Filters }))
    return Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => ({
      id: instance.InstanceId ?? '',
      node: instance.Tags?.find(({ Key }) => Key === 'trivet:node')?.Value ?? '',
      address: instance.PrivateIpAddress ?? '',
    }))
  }

  async #turnOn(machine: Machine) {
    machine.keys ??= await this.#join(machine)
    const { address, node, keys } = machine
    const facts = factsOf(node, { address, addresses: [address] })
    const roles = rolesOf(node)
    machine.agent = await again(this.#served, keys, roles, { facts })
    if (roles.length > 0) await machine.agent.report()
  }

  async #turnOff(machine: Machine) {
    machine.agent?.socket.terminate()
    await machine.agent?.closed
    delete machine.agent
  }

  async #join({ id, node }: Machine) {
    const asked = new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' })
    const { UserData } = await this.#ec2.send(asked)
    const userData = Buffer.from(UserData?.Value ?? '', 'base64').toString()
    const invitation = parseInvitation(/^invitation='(.*)'$/m.exec(userData)?.[1] ?? '')
    assert(invitation, `${id} has an invitation`)
    const { status, keys, error } = await enrol(this.#served.place, formatToken(invitation.token), node)
    assert.equal(status, 200, `${node} (${id}) joins: ${error}`)
    return keys
  }
}
