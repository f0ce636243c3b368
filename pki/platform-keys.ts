/**
 * Every NATS identity and OTLP token of an installation, derived from one root of 256 bits (HKDF, RFC 5869). Derived, so
 * that nothing has to be kept a pool; the root is the operator's alone. Whoever holds one derived key learns no other.
 */
import { createHash, hkdfSync } from 'node:crypto';
import {
  claimsUpdateSubject,
  identityName,
  inboxOf,
  mintOtlpToken,
  natsRights,
  platformAuthKeys,
  platformRootBytes,
  tenantServices,
  type NatsTrust,
  type PlatformIdentity,
  type TenantIdentity,
} from '../contract/index.ts';
import { renderAccountJwt, renderOperatorJwt, renderUserJwt } from './nats-jwt.ts';
import { nkeyOf, type Nkey, type NkeyKind } from './nkey.ts';

export interface NatsCredential {
  readonly jwt: string;
  readonly seed: string;
  /** Prefix of this identity's inboxes. */
  readonly inbox: string;
}

const keyBytes = platformRootBytes;

function tenantLabel(identity: TenantIdentity): string {
  return `nats user ${identityName(identity)} ${identity.uid}`;
}

export class PlatformKeys {
  /** Names the root without telling it. */
  readonly id: string;
  readonly #root: Buffer;
  readonly #system: Nkey;
  readonly #platform: Nkey;
  readonly #tenants: Nkey;
  /** By identity; signing is not free, and every compile asks. Depends on the root, as this object does. */
  readonly #users = new Map<string, NatsCredential>();
  readonly #signers = new Map<string, Nkey>();

  constructor(root: Uint8Array) {
    if (root.length !== keyBytes) throw new RangeError('the platform root is 32 bytes');
    this.#root = Buffer.from(root);
    this.id = createHash('sha256').update('clrk root ').update(this.#root).digest('hex').slice(0, 16);
    this.#system = this.#nkey('account', 'nats account system');
    this.#platform = this.#nkey('account', 'nats account platform');
    // The second: what the first signed itself, without a signer that can be taken away, is no longer believed.
    this.#tenants = this.#nkey('account', 'nats account tenants 2');
  }

  #derive(label: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#root, '', `clrk ${label}`, keyBytes));
  }

  #nkey(kind: NkeyKind, label: string): Nkey {
    return nkeyOf(kind, this.#derive(label));
  }

  /** What the server is configured with; `tenants`: who is let in before anything is pushed to it (tests). */
  natsTrust(tenants: readonly TenantIdentity[] = []): NatsTrust {
    const operator = this.#natsOperator();
    const systemAccount = this.#system.publicKey;
    const account = (key: Nkey, claims: Parameters<typeof renderAccountJwt>[1]): [string, string] => [
      key.publicKey,
      renderAccountJwt(key, claims, operator),
    ];
    return {
      operatorJwt: renderOperatorJwt(operator, systemAccount),
      systemAccount,
      accounts: Object.fromEntries([
        account(this.#system, { name: 'system', jetStream: false }),
        account(this.#platform, { name: 'platform', jetStream: true, exports: tenantServices }),
        account(this.#tenants, this.#tenantClaims(tenants)),
      ]),
    };
  }

  /** Claims for a running server: of pools and gateways these are let in, and no others. */
  tenantsJwt(tenants: readonly TenantIdentity[], issuedAt: number): string {
    const claims = { ...this.#tenantClaims(tenants), issuedAt };
    return renderAccountJwt(this.#tenants, claims, this.#natsOperator());
  }

  /** Who pushes claims: of the server's own account, and nothing else there. */
  natsClaimsUser(): NatsCredential {
    const user = this.#nkey('user', 'nats user claims');
    const inbox = '_INBOX.claims';
    const rights = { publish: [claimsUpdateSubject], subscribe: [`${inbox}.>`] };
    return {
      jwt: renderUserJwt(user, 'claims', rights, { account: this.#system }),
      seed: user.seed,
      inbox,
    };
  }

  natsUser(identity: PlatformIdentity): NatsCredential {
    const name = identityName(identity);
    const isTenant = 'namespace' in identity;
    const label = isTenant ? tenantLabel(identity) : `nats user ${name}`;
    const known = this.#users.get(label);
    if (known !== undefined) return known;
    const user = this.#nkey('user', label);
    const issuer = isTenant
      ? { account: this.#tenants, signer: this.#signer(identity) }
      : { account: this.#platform };
    const credential = {
      jwt: renderUserJwt(user, name, natsRights(identity), issuer),
      seed: user.seed,
      inbox: inboxOf(identity),
    };
    this.#users.set(label, credential);
    return credential;
  }

  #natsOperator(): Nkey {
    return this.#nkey('operator', 'nats operator');
  }

  /** Each pool and gateway has one of its own. */
  #signer(identity: TenantIdentity): Nkey {
    const label = tenantLabel(identity);
    const known = this.#signers.get(label) ?? this.#nkey('account', `signer of ${label}`);
    this.#signers.set(label, known);
    return known;
  }

  #tenantClaims(tenants: readonly TenantIdentity[]): Parameters<typeof renderAccountJwt>[1] {
    const imports = { account: this.#platform.publicKey, subjects: tenantServices };
    const signers = tenants.map((tenant) => this.#signer(tenant).publicKey);
    return { name: 'tenants', jetStream: false, imports, signers };
  }

  /** Telemetry's, to check tokens with. */
  otlpKey(): Buffer {
    return this.#derive('otlp tokens');
  }

  /** Telemetry's share, as files of the Secret clrk-platform-auth. */
  telemetryFiles(): Readonly<Record<string, string>> {
    const { jwt, seed } = this.natsUser({ role: 'telemetry' });
    return {
      [platformAuthKeys.natsJwt]: jwt,
      [platformAuthKeys.natsSeed]: seed,
      [platformAuthKeys.otlpKey]: this.otlpKey().toString('base64'),
    };
  }

  otlpToken(identity: PlatformIdentity): string {
    return mintOtlpToken(this.otlpKey(), identity);
  }
}
