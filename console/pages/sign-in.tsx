import { useState } from 'preact/hooks'
import type { Failure } from '../data/client.ts'
import { provider, signIn } from '../data/session.ts'
import { useSignal } from '../data/signal.ts'
import { asFailure } from '../data/use-call.ts'
import { Mark } from '../parts/icon.tsx'
import { Trouble } from '../parts/parts.tsx'
import { hrefOf } from '../route.ts'

export function SignIn() {
  const by = useSignal(provider)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  async function submit(event: SubmitEvent) {
    event.preventDefault()
    if (!(event.currentTarget instanceof HTMLFormElement)) return
    setBusy(true)
    setFailure(undefined)
    const token = new FormData(event.currentTarget).get('token')
    try {
      await signIn(typeof token === 'string' ? token : '')
    } catch (error) {
      setFailure(asFailure(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <main class="sign-in">
      <div class="card">
        <span class="brand">
          <Mark />
          Trivet
        </span>
        <h1>Sign in</h1>
        <p class="muted">With an API token, as trivet login takes it.</p>
        <form class="form" onSubmit={(event) => void submit(event)}>
          <label class="field">
            <span>API token</span>
            <input
              class="input mono"
              type="password"
              name="token"
              autocomplete="off"
              required
              autofocus
              spellcheck={false}
            />
          </label>
          <Trouble failure={failure} />
          <button type="submit" class="button first" disabled={busy}>
            {busy ? 'Signing in…' : 'Sign in'}
          </button>
        </form>
        {by && (
          <a class="button wide" href={hrefOf(by.url, { to: location.pathname + location.search })}>
            Sign in by {by.name}
          </a>
        )}
      </div>
    </main>
  )
}
