/**
 * Certificates the agents see: one leaf a name, minted when first asked for, with one key for all of them in this
 * process's memory. Apart so that minting (slow) and keeping (bounded) have one place. It must only be asked
 * for names that policy has opened (S44).
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { FairCache } from '../../contract/index.ts';

export interface LeafIssuer {
  (subject: { readonly name: string; readonly ip: boolean; readonly keyPair: LeafKeyPair }): {
    readonly certificatePem: string;
    readonly privateKeyPem: string;
  };
}

export interface LeafKeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Leaves live 7 days; contexts are dropped after one, so no agent meets an expired one. */
export const leafTtlMs = 7 * 24 * 60 * 60 * 1000;
const contextTtlMs = 24 * 60 * 60 * 1000;
const maxContexts = 1000;

export class LeafStore {
  readonly #keyPair: LeafKeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #contexts = new FairCache<SecureContext>({ max: maxContexts, ttlMs: contextTtlMs });
  readonly #issue: LeafIssuer;
  readonly #caPem: string;

  constructor(caPem: string, issue: LeafIssuer) {
    this.#caPem = caPem;
    this.#issue = issue;
  }

  /** `agentId`: who asks; its names push out its own. */
  contextFor(name: string, ip: boolean, agentId: string): SecureContext {
    const known = this.#contexts.get(name);
    if (known !== undefined) return known;
    const leaf = this.#issue({ name, ip, keyPair: this.#keyPair });
    const context = createSecureContext({
      cert: `${leaf.certificatePem}\n${this.#caPem}`,
      key: leaf.privateKeyPem,
      minVersion: 'TLSv1.2',
    });
    this.#contexts.set(agentId, name, context);
    return context;
  }
}
