/**
 * NATS claims (JWT, `ed25519-nkey`): who the operator is, what an account holds, what a user may do. The same input gives
 * the same text: a config that carries it changes only when a right does. They do not expire: a user is let in while its
 * account names the key that signed it.
 */
import { createHash } from 'node:crypto';
import type { NatsRights } from '../contract/index.ts';
import type { Nkey } from './nkey.ts';

interface Claims {
  readonly name: string;
  /** Public key of whom it is about. */
  readonly sub: string;
  readonly nats: Readonly<Record<string, unknown>>;
}

/** "No limit" in NATS claims. */
const unlimited = -1;
const version = 2;
/** Older than any claims that are pushed to a running server, and the same for ever. */
const firstIssue = 1;

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function renderJwt({ name, sub, nats }: Claims, issuer: Nkey, issuedAt = firstIssue): string {
  const content = { iat: issuedAt, iss: issuer.publicKey, name, sub, nats: { ...nats, version } };
  // The server takes claims of an id it knows for the same claims.
  const claims = { jti: createHash('sha256').update(JSON.stringify(content)).digest('hex'), ...content };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${signed}.${issuer.sign(signed).toString('base64url')}`;
}

export function renderOperatorJwt(operator: Nkey, systemAccount: string): string {
  const nats = { type: 'operator', system_account: systemAccount };
  return renderJwt({ name: 'clrk', sub: operator.publicKey, nats }, operator);
}

export interface AccountClaims {
  readonly name: string;
  readonly jetStream: boolean;
  /** Subjects that other accounts may publish to. */
  readonly exports?: readonly string[];
  readonly imports?: { readonly account: string; readonly subjects: readonly string[] };
  /** Public keys whose users it lets in, beside its own: leave one out, and its user is gone from a running server at once. */
  readonly signers?: readonly string[];
  /** Seconds since 1970: of two claims a server keeps the newer. */
  readonly issuedAt?: number;
}

export function renderAccountJwt(account: Nkey, claims: AccountClaims, operator: Nkey): string {
  const { name, jetStream, exports = [], imports, signers = [], issuedAt } = claims;
  const service = (subject: string): object => ({ name: subject, subject, type: 'service' });
  const limits = {
    ...{ subs: unlimited, data: unlimited, payload: unlimited, imports: unlimited, exports: unlimited },
    ...{ wildcards: true, conn: unlimited, leaf: 0, disallow_bearer: true },
    ...(jetStream
      ? { mem_storage: unlimited, disk_storage: unlimited, streams: unlimited, consumer: unlimited }
      : {}),
  };
  const nats = {
    type: 'account',
    limits,
    exports: exports.map((subject) => ({ ...service(subject), response_type: 'Singleton' })),
    imports: (imports?.subjects ?? []).map((subject) => ({
      ...service(subject),
      account: imports?.account,
      local_subject: subject,
    })),
    ...(signers.length === 0 ? {} : { signing_keys: [...signers].sort() }),
  };
  return renderJwt({ name, sub: account.publicKey, nats }, operator, issuedAt);
}

/** `signer`: a key the account names; absent: the account's own. */
export function renderUserJwt(
  user: Nkey,
  name: string,
  rights: NatsRights,
  { account, signer }: { readonly account: Nkey; readonly signer?: Nkey },
): string {
  const nats = {
    type: 'user',
    ...(signer === undefined ? {} : { issuer_account: account.publicKey }),
    pub: {
      allow: rights.publish,
      ...(rights.neverPublish === undefined ? {} : { deny: rights.neverPublish }),
    },
    sub: { allow: rights.subscribe },
    ...{ subs: unlimited, data: unlimited, payload: unlimited },
  };
  return renderJwt({ name, sub: user.publicKey, nats }, signer ?? account);
}
