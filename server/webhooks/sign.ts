import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

export function newHookSecret() {
  return `${prefix}${randomBytes(32).toString('base64')}`
}

/** Headers by which the receiver knows who sent it and when, as https://www.standardwebhooks.com has them. */
export function signatureOf(secret: string, id: string, body: string, now: number) {
  const timestamp = String(Math.floor(now / 1000))
  const key = Buffer.from(secret.slice(prefix.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
