import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import {
  AttestedEnrolment,
  attestPath,
  BlobRequest,
  blobsPath,
  Enrolment,
  enrolPath,
} from '../../protocol/enrolment.ts'
import { bearerOf } from '../api/bearer.ts'
import { ApiFault } from '../api/fault.ts'
import type { Catalogs } from '../catalogs.ts'
import { describeIssues } from '../../protocol/describe-issue.ts'
import type { RateLimits } from '../rate-limit.ts'
import type { Attesting } from '../attest/attesting.ts'
import { enrol, type EnrolParts } from './enrol.ts'
import type { Registry } from './registry.ts'

export interface RouteParts extends EnrolParts {
  registry: Registry
  limits: RateLimits
  /** Where instances join by what they are. */
  attesting: Attesting | undefined
}

/** What agents ask over HTTPS. */
export function registerAgentRoutes(app: FastifyInstance, parts: RouteParts) {
  app.post(enrolPath, { bodyLimit: 16 * 1024 }, (request) =>
    serveEnrolment(parts, request, Enrolment, (asked) => enrol(parts, asked)),
  )
  app.post(attestPath, { bodyLimit: 16 * 1024 }, (request) =>
    serveEnrolment(parts, request, AttestedEnrolment, (asked) => {
      if (parts.attesting) return parts.attesting.enrol(asked, request.ip)
      const why = 'This server takes no instance by its identity document.'
      throw new ApiFault('no-attestation', `${why} Join by a token, or start it with --attest.`)
    }),
  )
  app.post(blobsPath, { bodyLimit: 8 * 1024 * 1024 }, async (request, reply) => {
    const { success, data } = BlobRequest.safeParse(request.body)
    if (!success) throw new ApiFault('bad-input', 'want: a list of SHA-256 hashes in hex')
    const bytes = blobsFor(parts, bearerOf(request) ?? '', data.want)
    return reply.type('application/octet-stream').send(bytes)
  })
}

async function serveEnrolment<Asked, Answer>(
  { limits }: RouteParts,
  { body, ip, log }: FastifyRequest,
  schema: z.ZodType<Asked>,
  serve: (asked: Asked) => Promise<Answer>,
) {
  const { success, data, error } = schema.safeParse(body)
  if (!success) throw new ApiFault('bad-input', describeIssues(error).join('; '))
  try {
    return await serve(data)
  } catch (refusal) {
    if (refusal instanceof ApiFault) {
      await limits.refusals.take(ip, 'refused enrolments from this address')
      log.warn({ from: ip, code: refusal.code }, `enrolment refused: ${refusal.message}`)
    }
    throw refusal
  }
}

/** Each blob after its length, in the order asked. */
function blobsFor({ registry, catalogs }: { registry: Registry; catalogs: Catalogs }, session: string, want: string[]) {
  const node = registry.nodeOfSession(session)
  if (!node) throw new ApiFault('no-session', 'The session is over. Connect again.')
  const parts = want.flatMap((sha256) => {
    const blob = catalogs.blob(node.id, sha256)
    if (!blob) throw new ApiFault('unknown-blob', `No blob ${sha256} belongs to the catalog of ${node.name}.`)
    const length = Buffer.alloc(8)
    length.writeBigUInt64BE(BigInt(blob.length))
    return [length, blob]
  })
  return Buffer.concat(parts)
}
