// Where tokens are to be had and where orders are placed, as the test that started this program says on its input.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const told = JSON.parse(readFileSync(0, 'utf8'))

export const { issuer, orders, clientId, clientSecret, privateKey, method } = told

const OUT_WITHIN_MS = 10_000 // how soon it is, others tell: here it is about who says so

function ask(token, more = {}) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  return fetch(orders, { headers, signal: AbortSignal.timeout(10_000), ...more })
}

/** Place an order and find it in the list, where nothing else is. */
export async function ordered(token) {
  const answer = await ask(token, { method: 'POST', body: JSON.stringify(told.order) })
  const placed = await answer.json()
  assert.equal(answer.status, 201, JSON.stringify(placed))
  assert.deepEqual((await listed(token)).map(({ id }) => id), [placed.id])
}

/** The orders, with a token that has to be good. */
export async function listed(token) {
  const answer = await ask(token)
  const told = await answer.json()
  assert.equal(answer.status, 200, JSON.stringify(told))
  return told.items
}

/** See that a token is no good any more, once word has come round. */
export async function refused(token) {
  const deadline = Date.now() + OUT_WITHIN_MS
  let answer
  while ((answer = await ask(token)).status === 200) {
    await answer.text()
    assert(Date.now() < deadline, 'still good')
  }
  assert.equal(answer.status, 401, await answer.text())
  assert.match(answer.headers.get('www-authenticate'), /error="invalid_token"/)
}

/** The private key, as WebCrypto has it. */
export function signingKey() {
  const kind = privateKey.kty === 'OKP' ? { name: privateKey.crv } : { name: 'ECDSA', namedCurve: privateKey.crv }
  return crypto.subtle.importKey('jwk', privateKey, kind, false, ['sign'])
}

/** A token that claims more than was signed. */
export function tampered(token) {
  const [header, payload, signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const more = Buffer.from(JSON.stringify({ ...claims, scope: 'orders:read auth:admin' })).toString('base64url')
  return `${header}.${more}.${signature}`
}
