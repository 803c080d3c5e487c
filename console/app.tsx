import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { api } from '../protocol/api.ts'
import { useAct } from './data/act.ts'
import type { Failure } from './data/client.ts'
import { followFeed } from './data/feed.ts'
import { readSession } from './data/session.ts'
import { useSignal } from './data/signal.ts'
import { signedIn } from './data/signed-in.ts'
import { keepProgress } from './data/under-way.ts'
import { useCall } from './data/use-call.ts'
import { listenToKeys } from './keys.ts'
import { MeContext } from './me.ts'
import { pages } from './pages/index.ts'
import { SignIn } from './pages/sign-in.tsx'
import { Frame } from './parts/frame.tsx'
import { Help } from './parts/help.tsx'
import { Notes } from './parts/notes.tsx'
import { Palette } from './parts/palette.tsx'
import { Empty, Loading, Trouble } from './parts/parts.tsx'
import { routeOf } from './route.ts'
import { usePlace } from './router.ts'

export function App() {
  const session = useSignal(signedIn)
  const begin = useAct(readSession)
  useEffect(() => void begin.run(), [])
  if (session === undefined) return begin.failure ? <Away failure={begin.failure} again={begin.run} /> : <Loading />
  return session ? <Console /> : <SignIn />
}

function Away({ failure, again }: { failure: Failure; again: () => Promise<unknown> }) {
  return (
    <main class="sign-in">
      <div class="card">
        <Trouble failure={failure} />
        <button type="button" class="button first" onClick={() => void again()}>
          Try again
        </button>
      </div>
    </main>
  )
}

function Console() {
  const [shown, setShown] = useState<'search' | 'help'>()
  const { value: me } = useCall(api.whoami, {}, { every: 60_000 })
  useEffect(() => {
    const stopKeeping = keepProgress()
    const stopFollowing = followFeed()
    return () => {
      stopFollowing()
      stopKeeping()
    }
  }, [])
  // Before the page is seen: whoever sees it may press a key.
  useLayoutEffect(() => listenToKeys({ search: () => setShown('search'), help: () => setShown('help') }), [])
  const close = () => setShown(undefined)
  return (
    <MeContext.Provider value={me}>
      <Frame onSearch={() => setShown('search')} onHelp={() => setShown('help')}>
        <Page />
      </Frame>
      {shown === 'search' && <Palette onClose={close} />}
      {shown === 'help' && <Help onClose={close} />}
      <Notes />
    </MeContext.Provider>
  )
}

function Page() {
  const { path } = usePlace()
  const route = routeOf(path)
  const Shown = route && pages[route.page]
  const about = route ? (Object.values(route.params)[0] ?? route.page) : 'Not found'
  useEffect(() => {
    document.title = `${about.charAt(0).toUpperCase()}${about.slice(1)} · Trivet`
  }, [about])
  if (!Shown)
    return (
      <Empty title={`There is no page ${path}`}>
        <a href="/">Go to the fleet</a>
      </Empty>
    )
  // By its path: another node is another page, with nothing left of the one before.
  return <Shown key={path} params={route.params} />
}
