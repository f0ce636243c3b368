/**
 * The secret set of each plan of credentials, made when first needed: one cache a snapshot, so that it forgets secrets
 * with the config that held them.
 */
import type { Injection } from '../pipeline/credential.ts';
import { createSecretSet, noSecrets, type SecretSet } from './secret-set.ts';

export class SecretForms {
  /** By the list of injected fields, which is one object for all calls of a plan (credential.ts). */
  readonly #known = new WeakMap<Injection['fields'], { query: Injection['query']; set: SecretSet }>();

  of(injection: Injection): SecretSet {
    if (injection.policies.length === 0) return noSecrets;
    const known = this.#known.get(injection.fields);
    if (known?.query === injection.query) return known.set;
    const values = [
      ...injection.fields.map(({ value }) => value),
      ...injection.query.map(([, value]) => value),
    ];
    const set = createSecretSet(values);
    this.#known.set(injection.fields, { query: injection.query, set });
    return set;
  }
}
