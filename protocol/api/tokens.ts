import { z } from 'zod'
import { Sha256 } from '../catalog.ts'
import { Name } from '../name.ts'
import { endpoint, none } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const tokensApi = {
  createToken: endpoint({
    method: 'POST',
    path: '/api/tokens',
    access: 'admin',
    scoped: true,
    summary: 'A token with which nodes may join; shown this once.',
    input: z.strictObject({
      uses: z.int().min(1).max(100_000).default(1),
      ttlMs: z
        .int()
        .min(1000)
        .max(10 * 365 * 24 * 3600 * 1000)
        .default(60 * 60 * 1000),
      roles: z.array(Name).default([]),
      cluster: Name.default('default'),
      /** A pattern for names of nodes, `*` stands for anything: `web-*`. */
      names: z.string().max(200).default('*'),
      /** Who joins with it gets no catalog until somebody approves it. */
      approval: z.boolean().default(false),
    }),
    output: z.object({
      token: z.string(),
      id: z.string(),
      expiresAt: z.int(),
      /** The SHA-256 of `/agent/install.sh`, where the server has agents to install. */
      installer: Sha256.optional(),
    }),
  }),
  readAttestation: endpoint({
    method: 'GET',
    path: '/api/attestation',
    access: 'operator',
    scoped: true,
    summary: 'What instances of EC2 join by instead of a token, and which of them become what.',
    input: none,
    output: z.object({
      /** In the place of a token: `ec2.`, and the SHA-256 of the CA. It is no secret. */
      token: z.string(),
      installer: Sha256.optional(),
      /** Cluster → group → roles. */
      clusters: z.record(Name, z.record(Name, z.array(Name))),
    }),
  }),
  listTokens: endpoint({
    method: 'GET',
    path: '/api/tokens',
    access: 'admin',
    scoped: true,
    summary: 'Join tokens that can still be used.',
    input: z.strictObject(pageInput(['expiresAt', '-expiresAt'])),
    output: pageOf(
      z.object({
        id: z.string(),
        usesLeft: z.int(),
        expiresAt: z.int(),
        roles: z.array(z.string()),
        cluster: z.string(),
        names: z.string(),
        author: z.string(),
        approval: z.boolean().default(false),
      }),
    ),
  }),
  deleteToken: endpoint({
    method: 'DELETE',
    path: '/api/tokens/:id',
    access: 'admin',
    scoped: true,
    summary: 'Make a join token worthless.',
    input: z.strictObject({ id: z.string() }),
    output: z.object({ id: z.string() }),
  }),
}
