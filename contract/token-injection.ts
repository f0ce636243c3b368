/**
 * A token that the gateway obtains before it calls: from where, and by which grant. It holds the keys that tokens are given for, so it
 * must never be logged.
 */
import { Type, type Static } from 'typebox';

/** How a client says who it is (RFC 6749 2.3.1): in the Authorization field or in the form. */
const clientPlace = Type.Union([Type.Literal('Header'), Type.Literal('Body')]);

const grantSchema = Type.Union([
  Type.Object({
    type: Type.Literal('ClientCredentials'),
    clientId: Type.String(),
    clientSecret: Type.String(),
    clientPlace,
  }),
  Type.Object({
    type: Type.Literal('RefreshToken'),
    clientId: Type.String(),
    /** Absent: a public client. */
    clientSecret: Type.Optional(Type.String()),
    refreshToken: Type.String(),
    clientPlace,
  }),
  /** RFC 7523 with a key of Google's making. */
  Type.Object({
    type: Type.Literal('ServiceAccount'),
    email: Type.String(),
    keyId: Type.Optional(Type.String()),
    privateKeyPem: Type.String(),
  }),
]);

export const tokenInjectionSchema = Type.Object({
  type: Type.Literal('Token'),
  /** The token endpoint: `https:` with a name. */
  endpoint: Type.String(),
  grant: grantSchema,
  scope: Type.Optional(Type.String()),
  audience: Type.Optional(Type.String()),
});

export type TokenInjection = Static<typeof tokenInjectionSchema>;
export type TokenGrant = TokenInjection['grant'];
