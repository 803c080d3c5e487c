import type { FastifyRequest } from 'fastify'
import { sessionHeader } from '../../protocol/api/session.ts'
import { ApiFault } from './fault.ts'

/**
 * Refuses what a page of another site lets a browser ask with the cookie of a session. The cookie is not sent along then
 * (`SameSite=Strict`) and such a page can't set our header; each of these alone would do.
 */
export function requireOwnSite(request: FastifyRequest) {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (reads ? mayRead(request) : isOwn(request) && request.headers[sessionHeader] !== undefined) return
  throw new ApiFault('other-site', 'With the cookie of a session only the pages of this server may call it.')
}

/** `none` is somebody who typed the address. */
function mayRead({ headers }: FastifyRequest) {
  return ['same-origin', 'none', undefined].includes(siteOf(headers))
}

/** Every browser of today tells the site; those before it the origin. */
function isOwn({ headers }: FastifyRequest) {
  const { origin, host } = headers
  if (origin !== undefined && siteOf(headers) === undefined) return origin === `https://${host}`
  return siteOf(headers) === 'same-origin'
}

function siteOf(headers: FastifyRequest['headers']) {
  const site = headers['sec-fetch-site']
  return typeof site === 'string' ? site : undefined
}
