// oauth4webapi. It does all of it, and validates our access tokens as a service of its own would. Source: RFC 9068, 4.

import assert from 'node:assert/strict'

import * as oauth from 'oauth4webapi'

import { clientId, clientSecret, issuer, listed, method, ordered, refused, signingKey, tampered } from './place.mjs'

const http = { [oauth.allowInsecureRequests]: true } // for an issuer without TLS
const url = new URL(issuer)
const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...http }))
const client = { client_id: clientId }
const authentication = await {
  client_secret_basic: () => oauth.ClientSecretBasic(clientSecret),
  client_secret_post: () => oauth.ClientSecretPost(clientSecret),
  private_key_jwt: async () => oauth.PrivateKeyJwt(await signingKey()),
}[method]()
const scope = 'orders:read orders:write'

const first = await oauth.processClientCredentialsResponse(
  as,
  client,
  await oauth.clientCredentialsGrantRequest(as, client, authentication, { scope }, http),
)
await ordered(first.access_token)

const token = await refreshed(first.refresh_token)
assert.notEqual(token.refresh_token, first.refresh_token)
assert.equal((await listed(token.access_token)).length, 1)

const claims = await validated(token.access_token)
assert.deepEqual([claims.sub, claims.client_id, claims.scope], [clientId, clientId, scope])
await assert.rejects(validated(token.access_token, 'urn:waybill:delivery'), { message: /"aud"/ })
await assert.rejects(validated(tampered(token.access_token)), { message: /signature/ })
await assert.rejects(validated(token.refresh_token), oauth.OperationProcessingError)

const told = await introspected(token.access_token)
assert.deepEqual([told.active, told.client_id, told.scope], [true, clientId, scope])
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, authentication, token.refresh_token, {
    additionalParameters: { token_type_hint: 'refresh_token' },
    ...http,
  }),
)
await refused(token.access_token)
assert.deepEqual(await introspected(token.access_token), { active: false })
await assert.rejects(refreshed(token.refresh_token), { error: 'invalid_grant', status: 400 })
await assert.rejects(wrong(), { code: oauth.WWW_AUTHENTICATE_CHALLENGE, status: 401 })
console.log('done')

async function refreshed(refreshToken) {
  const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, http)
  return oauth.processRefreshTokenResponse(as, client, answer)
}

async function introspected(accessToken) {
  const answer = await oauth.introspectionRequest(as, client, authentication, accessToken, http)
  return oauth.processIntrospectionResponse(as, client, answer)
}

function validated(accessToken, audience = 'urn:waybill:sales') {
  const request = new Request('http://guarded.example/', { headers: { Authorization: `Bearer ${accessToken}` } })
  return oauth.validateJwtAccessToken(as, request, audience, http)
}

async function wrong() {
  const answer = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic('wrong'), {}, http)
  return oauth.processClientCredentialsResponse(as, client, answer)
}
