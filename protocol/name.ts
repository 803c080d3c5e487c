import { z } from 'zod'

/** Names of nodes, roles, recipes and clusters: a DNS label's letters, at most 63. */
export const Name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits, dots, dashes; at most 63')

/** Names of users: as people know them elsewhere, so an address will do. */
export const UserName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._@+-]{0,98}[a-z0-9])?$/, 'lower-case letters, digits, dots, dashes, @; at most 100')
