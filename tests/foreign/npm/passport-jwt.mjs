// passport-jwt with jwks-rsa, guarding a service of somebody else's.
//
// By design it sees neither a token's `typ` (Waybill signs nothing but access tokens with these keys) nor that it was
// revoked: for that a service asks /auth/introspect, or waits the minutes until the token expires.

import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'

import { guarded } from './guarded.mjs'
import { clientId, clientSecret, issuer, tampered } from './place.mjs'

const LATER_S = 2 * 3600 // after any token's life
const described = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()
const jwksUri = described.jwks_uri
const sales = { issuer, jwksUri, audience: 'urn:waybill:sales' }

const { access_token: good, refresh_token } = await answered('/auth/token', { grant_type: 'client_credentials' })
const [header, payload, signature] = good.split('.')
const known = JSON.parse(Buffer.from(header, 'base64url'))
const ourKey = (await (await fetch(jwksUri)).json()).keys.find(({ kid }) => kid === known.kid)
const pem = createPublicKey({ key: ourKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const servers = []
const open = await door(sales)
assert.deepEqual(await open(good), [200, { client: clientId }])

const bad = {
  'no token': undefined,
  'a refresh token': refresh_token,
  'tampered claims': tampered(good),
  'a tampered signature': `${header}.${payload}.${'A'.repeat(signature.length)}`,
  'no signature': `${header}.${payload}.`,
  'signed by nobody': `${part({ ...known, alg: 'none' })}.${payload}.`,
  'signed with the public key as a secret': signed({ ...known, alg: 'HS256' }, hmac),
  'signed with another key under the name of ours': signed(known, ecdsa),
  'signed with an unknown key': signed({ ...known, kid: 'unknown' }, ecdsa),
  'signed with a key that it brings along': signed({ ...known, jwk: other.publicKey.export({ format: 'jwk' }) }, ecdsa),
  'for another audience': await token({ resource: 'urn:waybill:delivery' }),
}
for (const [what, token] of Object.entries(bad)) assert.equal((await open(token))[0], 401, what)
assert.equal((await open(await token({ scope: 'orders:write' })))[0], 403, 'too little scope')

const elsewhere = await door({ ...sales, issuer: 'https://auth.example' })
assert.equal((await elsewhere(good))[0], 401, 'another issuer')
const later = await door({ ...sales, checks: { clockTimestamp: Math.floor(Date.now() / 1000) + LATER_S } })
assert.equal((await later(good))[0], 401, 'expired')

await answered('/auth/revoke', { token: good })
assert.deepEqual(await answered('/auth/introspect', { token: good }), { active: false })
assert.equal((await open(good))[0], 200, 'a revocation is not in a token')
for (const server of servers) server.close().closeAllConnections()
console.log('done')

/** Start a service; what it answers to a token. */
async function door(about) {
  const server = guarded(about).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return async (token) => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers })
    return [answer.status, answer.ok ? await answer.json() : await answer.text()]
  }
}

async function token(more) {
  return (await answered('/auth/token', { grant_type: 'client_credentials', ...more })).access_token
}

async function answered(path, form) {
  const headers = { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` }
  const answer = await fetch(issuer + path, { method: 'POST', headers, body: new URLSearchParams(form) })
  const text = await answer.text()
  assert(answer.ok, text)
  return text ? JSON.parse(text) : undefined
}

function signed(header, by) {
  const text = `${part(header)}.${payload}`
  return `${text}.${by(text).toString('base64url')}`
}

function hmac(text) {
  return createHmac('sha256', pem).update(text).digest()
}

function ecdsa(text) {
  return sign('sha256', Buffer.from(text), { key: other.privateKey, dsaEncoding: 'ieee-p1363' })
}

function part(content) {
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}
