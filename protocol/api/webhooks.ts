import { z } from 'zod'
import { Name } from '../name.ts'
import { Delivery, HookKind, Webhook } from '../hooks.ts'
import { endpoint } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

const named = z.strictObject({ webhook: Name })
const kinds = z.array(HookKind).min(1)

export const webhooksApi = {
  createWebhook: endpoint({
    method: 'POST',
    path: '/api/webhooks',
    access: 'admin',
    summary: 'A webhook: where to tell what happens to nodes. Its secret is shown this once.',
    input: z.strictObject({
      name: Name,
      url: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .refine(
          (url) => !/^\w+:\/\/[^/]*@/.test(url),
          'must have no user or password in it; receivers check the signature',
        ),
      kinds: kinds.default([...HookKind.options]),
      /** Only of nodes in these clusters. */
      clusters: z.array(Name).min(1).optional(),
    }),
    output: Webhook.extend({ secret: z.string() }),
  }),
  listWebhooks: endpoint({
    method: 'GET',
    path: '/api/webhooks',
    access: 'admin',
    summary: 'Webhooks.',
    input: z.strictObject(pageInput(['name', '-name', 'at', '-at'])),
    output: pageOf(Webhook),
  }),
  switchWebhook: endpoint({
    method: 'PUT',
    path: '/api/webhooks/:webhook',
    access: 'admin',
    summary: 'Turn a webhook off or on. While it is off, what happens is not kept for it.',
    input: named.extend({ enabled: z.boolean() }),
    output: Webhook,
  }),
  deleteWebhook: endpoint({
    method: 'DELETE',
    path: '/api/webhooks/:webhook',
    access: 'admin',
    summary: 'Remove a webhook with its deliveries.',
    input: named,
    output: named,
  }),
  testWebhook: endpoint({
    method: 'POST',
    path: '/api/webhooks/:webhook/test',
    access: 'admin',
    summary: 'Send a delivery of kind `test`.',
    input: named,
    output: Delivery,
  }),
  listDeliveries: endpoint({
    method: 'GET',
    path: '/api/deliveries',
    access: 'admin',
    summary: 'What was told to webhooks, with each attempt.',
    input: z.strictObject({
      webhook: Name.optional(),
      state: Delivery.shape.state.optional(),
      ...pageInput(['-createdAt', 'createdAt']),
    }),
    output: pageOf(Delivery),
  }),
  readDelivery: endpoint({
    method: 'GET',
    path: '/api/deliveries/:id',
    access: 'admin',
    summary: 'One delivery with its body.',
    input: z.strictObject({ id: z.string() }),
    output: Delivery.extend({ body: z.string() }),
  }),
  retryDeliveries: endpoint({
    method: 'POST',
    path: '/api/webhooks/:webhook/retry',
    access: 'admin',
    summary: 'Try the dead deliveries of a webhook again, now.',
    input: named,
    output: z.object({ deliveries: z.int() }),
  }),
}
