/**
 * Every NATS identity and OTLP token of an installation, derived from one root of 256 bits (HKDF, RFC 5869). Derived, so
 * that nothing has to be kept a pool; the root is the operator's alone. Whoever holds one derived key learns no other.
 */
import { createHash, hkdfSync } from 'node:crypto';
import {
  identityName,
  inboxOf,
  mintOtlpToken,
  natsRights,
  platformAuthKeys,
  platformRootBytes,
  tenantServices,
  type NatsTrust,
  type PlatformIdentity,
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

export class PlatformKeys {
  /** Names the root without telling it. */
  readonly id: string;
  readonly #root: Buffer;
  readonly #system: Nkey;
  readonly #platform: Nkey;
  readonly #tenants: Nkey;
  /** By identity; signing is not free, and every compile asks. Depends on the root, as this object does. */
  readonly #users = new Map<string, NatsCredential>();

  constructor(root: Uint8Array) {
    if (root.length !== keyBytes) throw new RangeError('the platform root is 32 bytes');
    this.#root = Buffer.from(root);
    this.id = createHash('sha256').update('clrk root ').update(this.#root).digest('hex').slice(0, 16);
    this.#system = this.#nkey('account', 'nats account system');
    this.#platform = this.#nkey('account', 'nats account platform');
    this.#tenants = this.#nkey('account', 'nats account tenants');
  }

  #derive(label: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#root, '', `clrk ${label}`, keyBytes));
  }

  #nkey(kind: NkeyKind, label: string): Nkey {
    return nkeyOf(kind, this.#derive(label));
  }

  /** What the server is configured with. */
  natsTrust(): NatsTrust {
    const operator = this.#nkey('operator', 'nats operator');
    const systemAccount = this.#system.publicKey;
    const imports = { account: this.#platform.publicKey, subjects: tenantServices };
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
        account(this.#tenants, { name: 'tenants', jetStream: false, imports }),
      ]),
    };
  }

  natsUser(identity: PlatformIdentity): NatsCredential {
    const name = identityName(identity);
    const isTenant = 'namespace' in identity;
    const label = isTenant ? `nats user ${name} ${identity.uid}` : `nats user ${name}`;
    const known = this.#users.get(label);
    if (known !== undefined) return known;
    const user = this.#nkey('user', label);
    const account = isTenant ? this.#tenants : this.#platform;
    const credential = {
      jwt: renderUserJwt(user, name, natsRights(identity), account),
      seed: user.seed,
      inbox: inboxOf(identity),
    };
    this.#users.set(label, credential);
    return credential;
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
