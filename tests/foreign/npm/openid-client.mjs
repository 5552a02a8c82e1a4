// openid-client, version 6: all of it, from the address of the issuer alone.

import assert from 'node:assert/strict'

import * as client from 'openid-client'

import { clientId, clientSecret, issuer, listed, method, ordered, refused, signingKey } from './place.mjs'

const authentication = await {
  client_secret_basic: () => client.ClientSecretBasic(clientSecret),
  client_secret_post: () => client.ClientSecretPost(clientSecret),
  private_key_jwt: async () => client.PrivateKeyJwt(await signingKey()),
}[method]()
const config = await client.discovery(new URL(issuer), clientId, undefined, authentication, {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests], // for an issuer without TLS
  timeout: 10,
})

const first = await client.clientCredentialsGrant(config, { scope: 'orders:read orders:write' })
assert.equal(first.expiresIn() > 0, true)
await ordered(first.access_token)

const token = await client.refreshTokenGrant(config, first.refresh_token)
assert.notEqual(token.refresh_token, first.refresh_token)
assert.equal((await listed(token.access_token)).length, 1)

const told = await client.tokenIntrospection(config, token.access_token)
assert.deepEqual([told.active, told.client_id], [true, clientId])
await client.tokenRevocation(config, token.access_token, { token_type_hint: 'access_token' })
await refused(token.access_token)
assert.deepEqual(await client.tokenIntrospection(config, token.access_token), { active: false })
await assert.rejects(client.refreshTokenGrant(config, token.refresh_token), { error: 'invalid_grant', status: 400 })
await assert.rejects(client.clientCredentialsGrant(config, { scope: 'auth:admin' }), { error: 'invalid_scope' })
console.log('done')
