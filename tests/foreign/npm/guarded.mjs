// A service of somebody else's that takes our access tokens: Express, guarded by passport-jwt with the keys of jwks-rsa.

import express from 'express'
import { passportJwtSecret } from 'jwks-rsa'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'

/** The service. `checks` are more of what jsonwebtoken is told. */
export function guarded({ issuer, jwksUri, audience, checks = {} }) {
  const guard = new passport.Passport()
  guard.use(
    new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKeyProvider: passportJwtSecret({ jwksUri, cache: true, rateLimit: true, jwksRequestsPerMinute: 10 }),
        algorithms: ['ES256'],
        issuer,
        audience,
        jsonWebTokenOptions: checks,
      },
      (claims, done) => done(null, { id: claims.client_id, scopes: claims.scope.split(' ') }),
    ),
  )
  const app = express()
  app.get('/', guard.authenticate('jwt', { session: false }), (request, response) => {
    if (!request.user.scopes.includes('orders:read')) return response.sendStatus(403)
    response.json({ client: request.user.id })
  })
  return app
}
