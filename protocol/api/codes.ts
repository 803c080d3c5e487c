interface CodeInfo {
  /** Of the HTTP answer. */
  status: number
  /** What it means and what to do, for the page of errors. */
  about: string
}

function of<Names extends string>(codes: Record<Names, CodeInfo>) {
  return codes
}

/** What the API refuses with. A code stays what it is once it is here: programs go by it. */
export const codes = of({
  'bad-input': {
    status: 400,
    about: 'The path, the query or the body is not as the table of calls has it; the error names each field. Mend it.',
  },
  'bad-attribute': {
    status: 400,
    about: 'No recipe has such an attribute, or not of this type. `trivet recipe show RECIPE` lists what there is.',
  },
  'bad-page': {
    status: 400,
    about:
      'What `after` says is not the `next` of a page of this very list, with the same `sort`. Begin anew without `after`.',
  },
  'not-logged-in': {
    status: 401,
    about: 'There is no token or session, or none that this server knows. `trivet login` names one.',
  },
  'token-expired': {
    status: 401,
    about: 'The time of the API token is over. `trivet api-token create` makes another.',
  },
  'session-ended': {
    status: 401,
    about: 'The session was not used for long, or its time is over. Sign in again.',
  },
  'no-session': { status: 401, about: 'To agents: the connection that the session came with is over. Connect again.' },
  'not-allowed': { status: 403, about: 'Whoever asks may not do this. Ask an admin for more access.' },
  'not-your-cluster': {
    status: 403,
    about: 'Whoever asks is limited to some clusters, and this is of another or of all. Ask an admin for more.',
  },
  'unknown-login': {
    status: 403,
    about:
      'Who signed in by the identity provider is no user of this server. An admin sets the login of a user by `trivet user set USER --login LOGIN`.',
  },
  'sign-in-over': {
    status: 403,
    about: 'A sign-in by the identity provider is good for ten minutes, once, and in one browser. Begin anew.',
  },
  'sign-in-refused': {
    status: 403,
    about: 'The identity provider refused, or what came back is not its answer to this sign-in. Begin anew.',
  },
  'provider-away': {
    status: 502,
    about:
      'The identity provider does not answer as it should; the log has the cause. API tokens work meanwhile, in the console too.',
  },
  'other-site': {
    status: 403,
    about:
      'With the cookie of a session only pages of this server may call. Call from the console, or with an API token.',
  },
  'user-disabled': { status: 403, about: 'The user was disabled. An admin undoes that by `trivet user enable USER`.' },
  'not-proven': {
    status: 403,
    about: 'To agents that join: the signature is not by the key. Enrol with the key of the node.',
  },
  'wrong-token': {
    status: 403,
    about:
      'To agents that join: the join token was deleted, or is of another server. Make another by `trivet token create`.',
  },
  'wrong-name': { status: 403, about: 'To agents that join: the join token is for nodes of other names.' },
  expired: {
    status: 403,
    about: 'To agents that join: the time of the join token is over. Make another by `trivet token create`.',
  },
  'used-up': {
    status: 403,
    about: 'To agents that join: the join token was used as often as it may be. Make another by `trivet token create`.',
  },
  'no-attestation': {
    status: 409,
    about:
      'To agents that join: the server takes no instance by its identity document. Join by a token, or start it with `--attest`.',
  },
  'not-attested': {
    status: 403,
    about:
      'To agents that join: the instance identity document, or what EC2 says of the instance, is not what the file of `--attest` lets in; the error says what.',
  },
  'instance-unseen': {
    status: 403,
    about:
      'To agents that join: EC2 does not show the instance to the server, which may take a while after the launch. `Retry-After` says when to ask again.',
  },
  'instance-used': {
    status: 403,
    about:
      'To agents that join: the instance became a node with another key, and does so once. Launch it anew, or join by a token.',
  },
  'cloud-away': {
    status: 502,
    about:
      'To agents that join: the server could not ask EC2. Its log has the cause; `Retry-After` says when to ask again.',
  },
  'name-in-use': {
    status: 409,
    about:
      'Another node has that name; archived ones keep theirs. Take another, or revoke that node: `trivet node revoke NODE`.',
  },
  archived: {
    status: 409,
    about:
      'The node is archived, and nothing can be asked of it. `trivet node restore NODE` takes it back into the fleet.',
  },
  'name-taken': {
    status: 403,
    about: 'To agents that join: a node of that name lives. Take another name, or revoke that node first.',
  },
  'key-taken': {
    status: 403,
    about: 'To agents that join: the key is of a node that has joined already. Remove it on the node to join anew.',
  },
  'key-revoked': {
    status: 403,
    about: 'To agents that join: the key was revoked, and stays so. Remove it on the node to join anew.',
  },
  'unknown-route': { status: 404, about: 'There is no such call. The table of calls lists those that there are.' },
  'unknown-node': { status: 404, about: 'No node has that name; the error tells the closest one.' },
  'unknown-cluster': {
    status: 404,
    about:
      'No node is in a cluster of that name, and nothing is set for it. To set something, it need not be there yet.',
  },
  'unknown-role': { status: 404, about: 'The revision in force has no role of that name.' },
  'unknown-recipe': { status: 404, about: 'The revision in force has no recipe of that name.' },
  'unknown-attribute': { status: 404, about: 'It is not set there, or no recipe has it.' },
  'unknown-order': { status: 404, about: 'There is no order of that id.' },
  'unknown-run': {
    status: 404,
    about: 'There is no run whose id begins so. Old ones go as the retention policy says.',
  },
  'unknown-revision': { status: 404, about: 'No revision whose id begins so ever came into force on this server.' },
  'unknown-token': { status: 404, about: 'There is no token of that id.' },
  'unknown-user': { status: 404, about: 'There is no user of that name. `trivet user list` shows all.' },
  'unknown-api-token': { status: 404, about: 'There is no API token of that id, or it is not yours.' },
  'unknown-lease': { status: 404, about: 'The node holds no lease of that group.' },
  'unknown-webhook': { status: 404, about: 'There is no webhook of that name.' },
  'unknown-delivery': { status: 404, about: 'There is no delivery of that id, or it was old and is deleted.' },
  'webhook-taken': { status: 409, about: 'There is a webhook of that name. Delete it first, or choose another name.' },
  'unknown-blob': { status: 404, about: 'To agents: the blob is not in the catalog of the node.' },
  revoked: { status: 409, about: 'The node was revoked; a machine may join under its name anew.' },
  'stale-revision': {
    status: 409,
    about:
      'Somebody wrote to it since the revision that `ifRevision` says. `details.yours` has that one and what you would have written, `details.theirs` what is set now, by whom and since when. Read again and decide anew.',
  },
  'key-reused': {
    status: 409,
    about:
      'You gave another order under this `Idempotency-Key`; `details.order` is its id. Take a new key for a new order.',
  },
  'nothing-again': {
    status: 409,
    about:
      'No node that is still in the fleet is done with the order without having converged, so there is nothing to try again.',
  },
  'no-revision': {
    status: 409,
    about: 'No recipes and roles are in force; the error says why they do not load. Mend them first.',
  },
  'no-catalog': {
    status: 409,
    about:
      'The node has no catalog: it is unassigned, pending or in error. `details.status` says which, the error says why.',
  },
  'no-agent': {
    status: 409,
    about:
      'The server hands out no such agent, since `SHA256SUMS` in the folder that `--agents` names has not that version, or it is not signed. `npm run build:agent -- --signing-key FILE` makes it; operating.md tells how several versions lie side by side.',
  },
  'no-nodes': { status: 409, about: 'The order would be for no node at all.' },
  'ambiguous-run': { status: 409, about: 'Several runs begin with that id. Give more of it.' },
  'ambiguous-revision': { status: 409, about: 'Several revisions begin with that id. Give more of it.' },
  'user-exists': { status: 409, about: 'Another user has that name, or that login at the identity provider.' },
  'api-token-exists': { status: 409, about: 'The user has an API token of that name. Take another name.' },
  'last-admin': { status: 409, about: 'Nobody would be left who may do everything. Make another admin first.' },
  'too-large': { status: 413, about: 'The body is larger than the server reads.' },
  'not-json': { status: 415, about: 'The body must be JSON, with `content-type: application/json`.' },
  'too-many-attempts': {
    status: 429,
    about:
      'Too many wrong tokens or failed sign-ins came from this address, or for this user. `Retry-After` says for how many seconds to wait.',
  },
  'too-many-requests': {
    status: 429,
    about:
      'This user, or who is not known from this address, asks more often than the server lets anybody (`--rate-limit`, `--rate-limit-unknown`). `Retry-After` says for how many seconds to wait. Nothing of the request was done.',
  },
  internal: { status: 500, about: "The fault is the server's. Its log has the cause, under the id of the request." },
  'storage-full': {
    status: 507,
    about:
      "The server's disk is full, so what was asked could not be stored. Make room where its data is (`--data`), then ask again; it need not be started again.",
  },
})
export type Code = keyof typeof codes
