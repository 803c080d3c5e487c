import assert from 'node:assert/strict'
import { formatToken, parseAttestedInvitation, parseInvitation } from '../../protocol/token.ts'
import {
  type Difference,
  type Launch,
  LaunchIsSpent,
  type Machine,
  NoRoom,
  type Placement,
  type Provider,
} from '../../launcher/provider.ts'
import { enrol, type AgentKey } from './fake-agent.ts'
import { again } from './reporting-agent.ts'
import type { Served } from './test-server.ts'

type Agent = Awaited<ReturnType<typeof again>>

/** Machines in memory, whose user data has an agent of the tests' own join and report: for the launcher's own logic, which no cloud is needed for. */
export class MachineRoom {
  readonly all: Machine[] = []
  readonly asked: Launch[] = []
  differences: Difference[] = []
  protected = new Set<string>()
  /** What a machine writes to its console. */
  console = ''
  /** Whether what is launched becomes a node. */
  boots = true
  room: (placement: Placement) => boolean = () => true
  /** How one joins that is to join by what it is. */
  attest: (machine: Machine) => Promise<{ status: number; keys: AgentKey }> = () =>
    assert.fail('it has no identity document')
  #served: Served
  #agents = new Map<string, { keys: AgentKey; roles: string[]; agent?: Agent }>()
  #byToken = new Map<string, Machine>()
  #address = 1

  constructor(served: Served) {
    this.#served = served
  }

  get living() {
    return this.all.filter(({ state }) => state !== 'terminated')
  }

  /** As the launcher has it: each call can be made again. */
  readonly provider: Provider = {
    scope: 'room',
    attests: false,
    latestMs: 1000,
    hostAddress: undefined,
    machines: async () => this.all.map((machine) => ({ ...machine })),
    belongings: async () => [],
    typeOf: ({ instanceTypes: [first = ''] }) => first,
    mayHaveAgent: () => true,
    shellOf: ({ node }) => ['ssh', node],
    image: async () => 'image-1',
    placements: async (_name, { instanceTypes, zones = ['a'] }) =>
      zones.flatMap((zone) => instanceTypes.map((instanceType) => ({ instanceType, zone }))),
    differences: async () => this.differences,
    prepare: async () => undefined,
    launch: async (launch, { roles }) => this.#launch(launch, roles),
    rehearse: async () => undefined,
    keepWhenOff: async () => undefined,
    adjust: async () => undefined,
    start: async (machines) => this.#each(machines, (machine) => this.#run(machine)),
    stop: async (machines) => this.#each(machines, (machine) => this.#halt(machine, 'stopped')),
    reboot: async (machines) =>
      this.#each(machines, async (machine) => {
        await this.#halt(machine, 'running')
        await this.#run(machine)
      }),
    release: async () => undefined,
    protectedOf: async (machines) => machines.filter(({ id }) => this.protected.has(id)),
    terminate: async (machines) => this.#each(machines, (machine) => this.#halt(machine, 'terminated')),
    remove: async () => undefined,
    console: async () => this.console,
  }

  /** Ends a machine as a cloud does that wants it back. */
  lose(node: string) {
    const machine = this.living.find((each) => each.node === node)
    assert(machine)
    return this.#halt(machine, 'terminated')
  }

  async #launch(launch: Launch, roles: string[]) {
    const { node, group, attempt, placement } = launch
    this.asked.push(launch)
    const token = JSON.stringify([attempt, placement])
    const made = this.#byToken.get(token)
    if (made?.state === 'terminated') throw new LaunchIsSpent(`${made.id} is gone.`)
    if (made) return made.id
    if (!this.room(placement)) throw new NoRoom(`no room for ${placement.instanceType} in ${placement.zone}`)
    const machine: Machine = {
      id: `i-${this.all.length + 1}`,
      node,
      group,
      attempt,
      state: 'pending',
      image: launch.image,
      instanceType: placement.instanceType,
      zone: placement.zone ?? '',
      launchedAt: Date.now(),
    }
    this.#byToken.set(token, machine)
    this.all.push(machine)
    if (this.boots) this.#agents.set(machine.id, { keys: await this.#join(machine, launch.userData), roles })
    await this.#run(machine)
    return machine.id
  }

  async #join(machine: Machine, userData: string) {
    const text = /^invitation='(.*)'$/m.exec(userData)?.[1] ?? ''
    const { status, keys } = parseAttestedInvitation(text)
      ? await this.attest(machine)
      : await this.#enrol(text, machine)
    assert.equal(status, 200)
    return keys
  }

  #enrol(text: string, { node }: Machine) {
    const invitation = parseInvitation(text)
    assert(invitation)
    return enrol(this.#served.place, formatToken(invitation.token), node)
  }

  async #run(machine: Machine) {
    machine.state = 'running'
    machine.privateAddress = `10.0.0.${this.#address++}`
    const node = this.#agents.get(machine.id)
    if (!node) return
    node.agent = await again(this.#served, node.keys, node.roles)
    if (node.roles.length > 0) await node.agent.report()
  }

  async #halt(machine: Machine, state: Machine['state']) {
    const agent = this.#agents.get(machine.id)?.agent
    agent?.socket.terminate()
    await agent?.closed
    machine.state = state
    if (state === 'terminated') machine.stateReason = 'Client.UserInitiatedShutdown'
  }

  async #each(machines: Machine[], change: (machine: Machine) => Promise<void>) {
    for (const { id } of machines) {
      const machine = this.all.find((each) => each.id === id)
      assert(machine)
      await change(machine)
    }
  }
}
