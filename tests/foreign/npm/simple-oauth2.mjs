// simple-oauth2. By design it discovers nothing and knows no introspection.
//
// Without `json: true` it wants JSON of every answer, even to a revocation, which has none. Source: RFC 7009, 2.2.

import assert from 'node:assert/strict'

import { ClientCredentials } from 'simple-oauth2'

import { clientId, clientSecret, issuer, listed, method, ordered, refused } from './place.mjs'

const waybill = new ClientCredentials({
  client: { id: clientId, secret: clientSecret },
  auth: { tokenHost: issuer, tokenPath: '/auth/token', revokePath: '/auth/revoke' },
  options: { authorizationMethod: { client_secret_basic: 'header', client_secret_post: 'body' }[method] },
  http: { json: true, timeout: 10_000 },
})

const first = await waybill.getToken({ scope: ['orders:read', 'orders:write'] })
assert.equal(first.expired(), false)
await ordered(first.token.access_token)

const token = await first.refresh()
assert.notEqual(token.token.refresh_token, first.token.refresh_token)
assert.equal((await listed(token.token.access_token)).length, 1)

await token.revoke('access_token')
await refused(token.token.access_token)
await token.revokeAll() // what is gone is gone: no error. Source: RFC 7009, 2.2
await assert.rejects(token.refresh(), ({ data }) => data.payload.error === 'invalid_grant')
await assert.rejects(waybill.getToken({ scope: 'auth:admin' }), ({ data }) => data.payload.error === 'invalid_scope')
console.log('done')
