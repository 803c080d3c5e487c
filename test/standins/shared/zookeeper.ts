import client, { type Client, type Event } from 'node-zookeeper-client'
import { log } from './program.ts'

export interface ZkUrl {
  hosts: string
  path: string
}

/** `zk://host1:port1,host2:port2/path`, without a path of its own only `/`. */
export function parseZkUrl(url: string): ZkUrl | undefined {
  const [, hosts, path] =
    /^zk:\/\/(?:[^@/]*@)?([A-Za-z0-9\-._]+:\d+(?:,[A-Za-z0-9\-._]+:\d+)*)(\/[^\s]*)?$/.exec(url) ?? []
  return hosts === undefined ? undefined : { hosts, path: path === undefined || path === '/' ? '' : path }
}

/** The client's inside, of which its types say nothing. */
interface Insides {
  connectionManager: { socket?: { destroy: () => void }; pendingBuffer: Buffer | null }
}

const { EPHEMERAL, EPHEMERAL_SEQUENTIAL, PERSISTENT } = client.CreateMode
const { NO_NODE, NODE_EXISTS } = client.Exception

/** A session with the ensemble. The library finds its way back to another server; what it does not notice, we do. */
export class ZooKeeper {
  readonly #client: Client
  readonly #sessionMs: number
  #lost: (() => void) | undefined
  #watch: NodeJS.Timeout | undefined
  #heardAt = Date.now()

  private constructor(session: Client, sessionMs: number) {
    this.#client = session
    this.#sessionMs = sessionMs
  }

  /** Waits until the ensemble answers, for `withinMs` or for ever; gives nothing when it did not. */
  static async connect(hosts: string, sessionMs: number, withinMs?: number): Promise<ZooKeeper | undefined> {
    const session = client.createClient(hosts, { sessionTimeout: sessionMs, spinDelay: 500, retries: 3 })
    const zk = new ZooKeeper(session, sessionMs)
    const connected = new Promise<boolean>((resolve) => {
      session.once('connected', () => resolve(true))
      if (withinMs !== undefined) setTimeout(() => resolve(false), withinMs).unref()
    })
    session.connect()
    if (!(await connected)) return undefined
    zk.#guard()
    return zk
  }

  /** Called once, when the session is over or must be held to be: no server has answered for as long as it lasts. */
  onLost(lost: () => void) {
    this.#lost = lost
  }

  /** The library does not notice a peer that is silent, nor that a session must be over while it is cut off. */
  #guard() {
    const end = (why: string) => {
      clearInterval(this.#watch)
      log(`ZooKeeper session is lost: ${why}`)
      this.#lost?.()
    }
    this.#client.on('expired', () => end('it expired'))
    this.#client.on('disconnected', () => (this.#insides.pendingBuffer = null))
    let isAsking = false
    this.#heardAt = Date.now()
    this.#watch = setInterval(() => {
      const silentMs = Date.now() - this.#heardAt
      if (silentMs > this.#sessionMs) return end(`no server has answered for ${silentMs} ms`)
      if (silentMs > (this.#sessionMs * 2) / 3) this.#insides.socket?.destroy()
      if (isAsking) return undefined
      isAsking = true
      this.#client.exists('/', (error) => {
        isAsking = false
        if (!error) this.#heardAt = Date.now()
      })
      return undefined
    }, this.#sessionMs / 6)
  }

  get #insides() {
    const insides: unknown = this.#client
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types leave it out
    return (insides as Insides).connectionManager
  }

  async mkdirp(path: string): Promise<void> {
    if (path === '') return
    await promised<unknown>((done) => this.#client.mkdirp(path, done))
  }

  /** Gives the path that it got, with its number. */
  createEphemeral(prefix: string, data: string): Promise<string> {
    return promised((done) => this.#client.create(prefix, Buffer.from(data), EPHEMERAL_SEQUENTIAL, done))
  }

  /** The same below a folder with nothing but the number as its name, which the library will not ask a server for. */
  async createNumber(folder: string, data: string): Promise<void> {
    const next = Math.max(-1, ...(await this.children(folder)).map(sequenceOf)) + 1
    const path = `${folder}/${String(next).padStart(10, '0')}`
    try {
      await promised<string>((done) => this.#client.create(path, Buffer.from(data), EPHEMERAL, done))
    } catch (error) {
      if (!hasCode(error, NODE_EXISTS)) throw error
      await this.createNumber(folder, data)
    }
  }

  async get(path: string): Promise<string | undefined> {
    return ifThere(
      promised<Buffer | undefined>((done) => this.#client.getData(path, (error, data) => done(error, data))),
    ).then((data) => data?.toString())
  }

  async put(path: string, text: string): Promise<void> {
    const data = Buffer.from(text)
    try {
      await promised<unknown>((done) => this.#client.setData(path, data, -1, done))
    } catch (error) {
      if (!hasCode(error, NO_NODE)) throw error
      await promised<string>((done) => this.#client.create(path, data, PERSISTENT, done)).catch((created: unknown) => {
        if (!hasCode(created, NODE_EXISTS)) throw created
      })
    }
  }

  async remove(path: string): Promise<void> {
    await ifThere(promised<void>((done) => this.#client.remove(path, -1, (error) => done(error, undefined))))
  }

  /** Names below the path, none where it is not there. */
  children(path: string): Promise<string[]> {
    return this.#children(path, undefined)
  }

  /** Reads the names below the path now and each time that they are others; one reading after another. */
  async watchChildren(path: string, read: (names: string[]) => Promise<void>): Promise<void> {
    let isWatched = false
    let isReading = false
    let isStale = false
    const changed = () => {
      isWatched = false
      void look().catch((error: unknown) => log(`${path} could not be read: ${String(error)}`))
    }
    const look = async () => {
      isStale = true
      if (isReading) return
      isReading = true
      try {
        while (isStale) {
          isStale = false
          const watcher = isWatched ? undefined : changed
          isWatched = true
          await read(await this.#children(path, watcher))
        }
      } finally {
        isReading = false
      }
    }
    await look()
    // For what a watch that was lost with its connection did not tell.
    setInterval(() => void look().catch(() => undefined), 5000)
  }

  async #children(path: string, changed: ((event: Event) => void) | undefined): Promise<string[]> {
    const names = await ifThere(
      promised<string[]>((done) => {
        if (changed) this.#client.getChildren(path || '/', changed, (error, found) => done(error, found))
        else this.#client.getChildren(path || '/', (error, found) => done(error, found))
      }),
    )
    return names ?? []
  }

  /** Tells the ensemble goodbye, so that what was ephemeral is gone at once. */
  async close(): Promise<void> {
    clearInterval(this.#watch)
    const gone = new Promise<void>((resolve) => {
      this.#client.once('disconnected', () => resolve())
      setTimeout(resolve, 1000)
    })
    this.#client.close()
    await gone
  }
}

function promised<T>(ask: (done: (error: Error | client.Exception | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    ask((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (hasCode(error, NO_NODE)) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: number) {
  return error instanceof client.Exception && error.code === code
}

/** The number at the end of a sequential name. */
export function sequenceOf(name: string) {
  return Number(/(\d{10})$/.exec(name)?.[1] ?? Infinity)
}
