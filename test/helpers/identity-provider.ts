import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { Provider } from 'oidc-provider'
import type { SignInSettings } from '../../server/sign-in/settings.ts'

interface Account {
  sub: string
  email?: string
  email_verified?: boolean
}

const secret = 'a-secret:of the/client'

/**
 * A real OpenID provider on loopback, which signs in whoever `account` is at that moment without asking, as one does that
 * knows the browser already. `server` is where it leads back to.
 */
export async function identityProvider(t: TestContext, server: string) {
  const listener = createServer()
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a server that listens on TCP
  const issuer = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const is: { account: Account } = { account: { sub: 'a-1', email: 'ann@example.com', email_verified: true } }
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'trivet', client_secret: secret, redirect_uris: [`${server}/sign-in/callback`] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['of a test'] },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ ...is.account, sub: id }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ accountId: is.account.sub, clientId: 'trivet' })
      if (!oidc.session?.accountId) return undefined
      grant.addOIDCScope('openid email')
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  listener.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) void answer(request, response)
    else void provider.interactionFinished(request, response, { login: { accountId: is.account.sub } })
  })
  const close = () => new Promise((resolve) => (listener.closeAllConnections(), listener.close(resolve)))
  t.after(close)
  const settings: SignInSettings = {
    name: 'Example',
    url: server,
    issuer,
    clientId: 'trivet',
    clientSecret: secret,
    scopes: ['openid', 'email'],
    login: 'email',
  }
  return { is, settings, close }
}

/** Goes to the provider and on within it as a browser does, until it leads elsewhere: the path that it leads to. */
export async function throughProvider(to: string) {
  const cookies = new Map<string, string>()
  const { origin } = new URL(to)
  let url = to
  for (let hops = 0; url.startsWith(origin); hops++) {
    if (hops > 10) throw new Error(`The provider leads nowhere: ${url}`)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${response.status} at ${url}: ${await response.text()}`)
    url = new URL(location, url).href
  }
  const { pathname, search } = new URL(url)
  return pathname + search
}
