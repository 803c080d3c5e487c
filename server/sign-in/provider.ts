import * as client from 'openid-client'
import type { Attempt } from './attempt.ts'
import type { SignInSettings } from './settings.ts'

const timeoutSeconds = 10
export const callbackPath = '/sign-in/callback'

export interface Identity {
  /** The user's `login` here; undefined where the provider does not tell it. */
  login: string | undefined
  /** The provider tells an address that nobody has proven to be theirs. */
  unverified: boolean
}

/** The identity provider of the settings: by OpenID Connect, authorization code and PKCE. */
export function createProvider(settings: SignInSettings) {
  const { url, issuer, scopes } = settings
  let found: Promise<client.Configuration> | undefined

  /** What the provider says of itself; asked again where it did not answer. */
  function configuration() {
    found ??= discover(settings).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }

  return {
    issuer,
    /** Where the browser is to go. */
    async urlFor({ state, nonce, verifier }: Attempt) {
      return client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: url + callbackPath,
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }).href
    },
    /** Who came back with that query. Throws where the answer is not to what was asked, or not of the provider. */
    async identify(query: string, { state, nonce, verifier }: Attempt): Promise<Identity> {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
      const tokens = await client.authorizationCodeGrant(
        await configuration(),
        new URL(callbackPath + query, url),
        checks,
      )
      return identityOf(tokens.claims() ?? {}, settings)
    },
  }
}
export type Provider = ReturnType<typeof createProvider>

function discover({ issuer, clientId, clientSecret }: SignInSettings) {
  const given = new URL(issuer)
  // Settings take plain HTTP for this very machine only.
  const execute = given.protocol === 'http:' ? [client.allowInsecureRequests] : []
  return client.discovery(given, clientId, undefined, authenticationBy(clientSecret), {
    execute,
    timeout: timeoutSeconds,
  })
}

/** As the provider wants it; what it does not say is Basic, by the standard. */
function authenticationBy(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None()
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const by = methods.includes('client_secret_basic') ? client.ClientSecretBasic : client.ClientSecretPost
    by(secret)(server, ...rest)
  }
}

type Claims = Record<string, unknown>

function identityOf({ sub, email, email_verified: verified }: Claims, { login: by }: SignInSettings): Identity {
  const told = by === 'email' ? email : sub
  return { login: typeof told === 'string' ? told : undefined, unverified: by === 'email' && verified !== true }
}
