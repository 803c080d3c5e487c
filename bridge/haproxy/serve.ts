import type { BridgeConfig } from '../config.ts'
import { type LaidOut, type Layout, layOut, type Slot } from '../model/layout.ts'
import type { Model } from '../model/model.ts'
import type { Info } from './admin.ts'
import { type Haproxy, Invalid } from './haproxy.ts'
import { leaveOut, withoutTaken } from './taken.ts'
import { render, type Rendered } from './text.ts'

export interface Served {
  leaving: LaidOut['leaving']
  /** What is served: without the apps that haproxy refuses, with a complaint for each. */
  model: Model
  reloaded: boolean
  /** How much the admin socket was told. */
  said: number
  /** When HAProxy had it; the file may have come later. */
  at: number
}

/**
 * Lets HAProxy serve the model. Where it has the shape already, its servers are changed in place; else it is reloaded with the servers that it has, and the rest
 * is changed in place then, so that a server which nobody has found well is given nothing before it answers. The file is then as what runs.
 */
export async function serve(
  haproxy: Haproxy,
  full: Model,
  leaving: LaidOut['leaving'],
  now: number,
  config: BridgeConfig,
): Promise<Served> {
  const info = await haproxy.info()
  const running = info && (await haproxy.slots())
  const before: LaidOut = { layout: running?.layout ?? new Map(), leaving }
  const lay = (model: Model) => layOut(model, before, now, config.drainSeconds * 1000)

  const listening = info ? await haproxy.listening() : new Set<number>()
  let model = info ? await withoutTaken(full, listening, config.bindAddress) : full
  for (;;) {
    const laid = lay(model)
    try {
      const done = await put(haproxy, model, laid.layout, info && running ? { info, ...running } : undefined, config)
      return { leaving: laid.leaving, model, ...done }
    } catch (error) {
      if (!(error instanceof Invalid)) throw error
      const app = await whoseFault(error, haproxy, model, lay, config)
      model = without(model, app, error.message)
    }
  }
}

interface Running {
  info: Info
  layout: Layout
  told: string
}

async function put(haproxy: Haproxy, model: Model, wanted: Layout, running: Running | undefined, config: BridgeConfig) {
  const final = render(model, wanted, config)
  if (!running) {
    await replace(haproxy, final)
    // It may have come up by itself, with this file.
    const reloaded = (await haproxy.info())?.description !== final.shape
    if (reloaded) await haproxy.begin()
    return { reloaded, said: 0, at: Date.now() }
  }
  if (running.info.description === final.shape) {
    const said = await haproxy.setSlots(running.layout, wanted)
    const at = Date.now()
    await replace(haproxy, final)
    return { reloaded: false, said, at }
  }
  const old = await haproxy.configText()
  await replace(haproxy, render(model, onlyKnown(wanted, running.layout), config))
  try {
    await haproxy.reload(running.info, running.told)
  } catch (error) {
    if (old !== undefined) await haproxy.putBack(old)
    throw error
  }
  const { layout } = await haproxy.slots()
  const said = await haproxy.setSlots(layout, wanted)
  const at = Date.now()
  await replace(haproxy, final)
  return { reloaded: true, said, at }
}

async function replace(haproxy: Haproxy, { text, appAt }: Rendered) {
  if ((await haproxy.configText()) === text) return
  try {
    await haproxy.replaceConfig(text)
  } catch (error) {
    if (error instanceof Invalid) error.app = error.lines.map(appAt).find((app) => app !== undefined)
    throw error
  }
}

/** Those that the running HAProxy has, where it has them, and those that are well. */
function onlyKnown(wanted: Layout, running: Layout): Layout {
  const known = (name: string, slot: Slot, index: number) => {
    const now = running.get(name)?.[index]
    return slot && (slot.isTrusted || (now?.address === slot.address && now.port === slot.port)) ? slot : undefined
  }
  return new Map([...wanted].map(([name, slots]) => [name, slots.map((slot, index) => known(name, slot, index))]))
}

/** As haproxy tells it by the line; else the first without which it is content. */
async function whoseFault(
  error: Invalid,
  haproxy: Haproxy,
  model: Model,
  lay: (model: Model) => LaidOut,
  config: BridgeConfig,
) {
  if (error.app !== undefined) return error.app
  for (const app of new Set(model.backends.map((backend) => backend.app))) {
    const rest = without(model, app, '')
    if (await haproxy.accepts(render(rest, lay(rest).layout, config).text)) return app
  }
  throw new Error(`${error.message}. It is none of the apps alone; what was served before is served on.`, {
    cause: error,
  })
}

function without(model: Model, app: string, text: string): Model {
  const names = new Set(model.backends.filter((one) => one.app === app).map(({ name }) => name))
  return leaveOut(model, names, [{ app, effect: 'app dropped', text }])
}
